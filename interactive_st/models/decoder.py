"""Decoders whose streams share all parameters."""

import math
from argparse import Namespace
from collections.abc import Sequence

import torch
from fairseq.data import Dictionary
from fairseq.distributed import fsdp_wrap
from fairseq.models.transformer import TransformerConfig, TransformerDecoder
from fairseq.modules.checkpoint_activations import checkpoint_wrapper
from torch import Tensor, nn

from interactive_st.models.teacher_forcing import TeacherForced
from interactive_st.modules.decoding_cache import DecodingCache, StepView, column_keys, slots_to_mask
from interactive_st.modules.fast.joined_linear import prepare_linears
from interactive_st.modules.interactive_decoder_layer import InteractiveDecoderLayer
from interactive_st.modules.lanes import Histories, Lanes
from interactive_st.modules.memory import EncoderOut, Memory
from interactive_st.modules.streams import parse_streams
from interactive_st.modules.token_rows import TokenRows, take_rows
from interactive_st.modules.visibility import BothTerms, teacher_forced_visibility
from interactive_st.modules.wait_k import WaitK, parse_train_wait_k, parse_wait_k, partner_limit


class StreamDecoder(TransformerDecoder):
    """fairseq's Transformer decoder run over all of its streams as one batch.

    States are ``(S, B, T, C)``, streams first; S = 1 in a decoder of one text. The parameters are those
    of one fairseq decoder, under the same names, so a stock ``s2t_transformer`` checkpoint fits. What its
    layers read beside the streams is a list of `Memory`.
    """

    layer_class = InteractiveDecoderLayer

    def __init__(self, args: Namespace, dictionary: Dictionary, embed_tokens: nn.Embedding) -> None:
        self.wait_k = parse_wait_k(args.wait_k)
        self.train_wait_k = parse_train_wait_k(getattr(args, "train_wait_k", None))
        self.streams = parse_streams(args.streams)
        super().__init__(args, dictionary, embed_tokens)
        # Tells our checkpoints from stock fairseq's; a buffer, so no parameter is added.
        self.register_buffer("interactive_version", torch.Tensor([1]))

    def build_decoder_layer(self, args: Namespace, no_encoder_attn: bool = False) -> nn.Module:
        cfg = TransformerConfig.from_namespace(args)
        layer = self.layer_class(cfg)
        if cfg.checkpoint_activations:
            layer = checkpoint_wrapper(layer, offload_to_cpu=cfg.offload_activations)
        min_params_to_wrap = 0 if cfg.checkpoint_activations else cfg.min_params_to_wrap
        return fsdp_wrap(layer, min_num_params=min_params_to_wrap)

    @property
    def reads_other_text(self) -> bool:
        """Whether one of the texts is written by reading the other."""
        return self.interacts

    @property
    def interacts(self) -> bool:
        """Whether any layer attends to the partner; False for one stream, and for λ fixed at 0 (multi-task).
        """
        return len(self.streams) == 2 and not all(layer.self_attn.fusion.is_off for layer in self.layers)

    def features(
        self, prev_output_tokens: Tensor, memories: Sequence[Memory], rows: TokenRows | None = None
    ) -> Tensor:
        """Teacher-forced features ``(S, r·B, T, C)``, with ``rows`` ``(R, C)``.

        Args:
            prev_output_tokens, rows: as in :meth:`.TeacherForced.forward`.
            memories: what the layers read, in the order of their ``readers``.
        """
        x = self._embed_all(prev_output_tokens, rows)
        partner: BothTerms | None = None
        if prev_output_tokens.size(0) == 2 and self.interacts:
            seen = teacher_forced_visibility(prev_output_tokens, self.padding_idx, self._wait_k_of_batch())
            partner = BothTerms.of(seen, x, rows)
        memories = [memory.for_sequences(rows) for memory in memories]
        visibilities = [memory.visibility for memory in memories]
        for layer in self.layers:
            x = layer(x, partner, rows, visibilities, *(memory.states for memory in memories))
        return self._finish(x)

    @property
    def trained_wait_k(self) -> tuple[WaitK, ...]:
        """Values of k seen in training, by the training options."""
        return self.train_wait_k or (self.wait_k,)

    def _wait_k_of_batch(self) -> WaitK:
        """``wait_k``; in training a random one of ``train_wait_k``, if there are any.

        Source: Elbayad et al., Interspeech 2020, "Efficient Wait-k Models for Simultaneous Machine
        Translation" (multi-path training).
        """
        if not (self.training and self.train_wait_k):
            return self.wait_k
        return self.train_wait_k[int(torch.randint(len(self.train_wait_k), ()))]

    def start(self, memories: Sequence[Memory], wait_k: WaitK | None = None) -> DecodingCache:
        """Begin decoding a batch: project keys and values of every layer once.

        Args:
            memories: what the layers read, in the order of their ``readers``, of B sentences.
            wait_k: k of this batch; None: the decoder's own.

        Returns:
            the cache for :meth:`step`, valid while weights, mode and hooks are unchanged
        """
        prepare_linears(self)
        keys = [layer.project_memories([memory.states for memory in memories]) for layer in self.layers]
        visibilities = [memory.for_steps().visibility for memory in memories]
        steps = [layer.for_steps() for layer in self.layers]
        return DecodingCache(steps, keys, visibilities, self.wait_k if wait_k is None else wait_k)

    def step(self, tokens: Tensor, cache: DecodingCache, lanes: Lanes, histories: Histories) -> Tensor:
        """Compute one new row in every slot of every lane.

        Args:
            tokens: ``(N, W)`` the last token of each hypothesis (its tag at row 0).
            cache: from :meth:`start`; the new rows are written into it.
            lanes: the N (stream, sentence) pairs that take part, and their rows.
            histories: where the rows of all hypotheses lie in the cache, those of this step included.

        Returns:
            logits ``(N, W, V)``
        """
        x = self._embed(tokens, self._position_table()[lanes.row + self.padding_idx + 1].unsqueeze(1))
        view = self._step_view(lanes, histories, cache.wait_k, x.dtype)
        for layer, keys, own in zip(cache.steps, cache.memory_keys, cache.self_caches, strict=True):
            x = layer(x, own, keys, cache.visibilities, lanes, view)
        return self.output_layer(self._finish(x))

    def _step_view(
        self, lanes: Lanes, histories: Histories, wait_k: WaitK, dtype: torch.dtype
    ) -> StepView:
        used, width, own = max(histories.used), histories.own.size(2), histories.own[lanes.span]
        columns = _columns_to_write(lanes, histories)

        def mask(slots: Tensor) -> Tensor:
            return slots_to_mask(slots.flatten(0, 1), width, dtype)

        if histories.partner is None or not self.interacts:
            return StepView(columns, used, mask(own), None)
        partner = _visible_partner_slots(lanes, histories, wait_k)
        if len(lanes.streams) == 1:
            return StepView(columns, used, mask(own), mask(partner))
        # By the stream whose keys are read, hence flipped: its own queries, then its partner's.
        return StepView(columns, used, mask(torch.cat([own, partner.flip(0)], dim=2)), None)

    def _embed(self, tokens: Tensor, positions: Tensor) -> Tensor:
        x = self.embed_scale * self.embed_tokens(tokens)
        if self.project_in_dim is not None:
            x = self.project_in_dim(x)
        x = x + positions
        if self.layernorm_embedding is not None:
            x = self.layernorm_embedding(x)
        return self.dropout_module(x)

    def _finish(self, x: Tensor) -> Tensor:
        if self.layer_norm is not None:
            x = self.layer_norm(x)
        return x if self.project_out_dim is None else self.project_out_dim(x)

    def _embed_all(self, tokens: Tensor, rows: TokenRows | None) -> Tensor:
        """Embed whole sequences ``(S, B, T)``: ``(S, B, T, C)``, with ``rows`` ``(R, C)``."""
        positions = self.embed_positions(tokens.flatten(0, 1)).unflatten(0, tokens.shape[:2])
        return self._embed(take_rows(tokens, rows), take_rows(positions, rows))

    def _position_table(self) -> Tensor:
        """Position embeddings by index (offset by padding_idx + 1), learned or sinusoidal."""
        if hasattr(self.embed_positions, "weights"):
            return self.embed_positions.weights
        return self.embed_positions.weight

    def max_positions(self) -> int:
        """Longest stream in tokens; also bounded by the table from which decoding steps take positions."""
        table = self._position_table().size(0) - self.padding_idx - 1
        return int(min(super().max_positions(), table if table > 0 else math.inf))


def _columns_to_write(lanes: Lanes, histories: Histories) -> tuple[int, ...] | Tensor:
    """``StepView.columns``: of this step."""
    if histories.column is not None:
        return column_keys(histories.column, histories.own.size(2))
    return tuple(histories.used[stream] - 1 for stream in lanes.streams)


def _visible_partner_slots(lanes: Lanes, histories: Histories, wait_k: WaitK) -> Tensor:
    """``histories.partner`` of the lanes' streams, ``(streams, B, W, columns)``, without the rows that
    wait-k hides from the row of this step. Nothing else limits by wait-k what a decoding step sees."""
    reach = torch.stack(
        [
            partner_limit(wait_k, stream, row)
            for stream, row in zip(lanes.streams, _current_rows(lanes, histories), strict=True)
        ]
    )
    unseen = histories.rows.flip(0)[lanes.span] > reach.unsqueeze(2)
    return histories.partner[lanes.span].masked_fill(unseen.unsqueeze(2), -1)


def _current_rows(lanes: Lanes, histories: Histories) -> Sequence[Tensor]:
    """Per stream of the lanes the row of this step, ``(B,)`` long; any number where a sentence has none."""
    if histories.column is not None:  # every sentence is a lane
        return lanes.row.view(len(lanes.streams), lanes.batch).unbind()
    return [histories.rows[stream, :, histories.used[stream] - 1] for stream in lanes.streams]


class InteractiveDecoder(TeacherForced, StreamDecoder):
    """The decoder of a model whose layers read the speech alone."""

    def states(
        self,
        prev_output_tokens: Tensor,
        encoder_out: EncoderOut | None,
        rows: TokenRows | None = None,
    ) -> Tensor:
        return self.features(prev_output_tokens, [Memory.of_speech(encoder_out)], rows)
