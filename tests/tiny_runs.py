"""A list of runs of all systems, each of two updates."""

SIZES = (
    "--encoder-layers 1 --decoder-layers 1 --encoder-embed-dim 16 --decoder-embed-dim 16 "
    "--encoder-ffn-embed-dim 16 --decoder-ffn-embed-dim 16 --encoder-attention-heads 2 "
    "--decoder-attention-heads 2 --optimizer adam --lr 1e-3 --num-workers 0 --no-epoch-checkpoints "
    "--save-interval-updates 1 --keep-interval-updates 2 --required-batch-size-multiple 1"
)
LIST = f"""\
common:
  average: 2
  train: >-
    {SIZES} --conv-channels 16 --max-tokens 800
    --criterion joint_label_smoothed_cross_entropy --ctc-weight 0.3
  train_text: {SIZES} --share-all-embeddings --max-tokens 200
  decode: --beam 2 --max-len-b 8 --max-tokens 3000 --scoring sacrebleu
  decode_transcripts: --decoding-ctc-weight 0.3
data:
  digits:
    recipe: spoken_digits
    source: the recordings
    corpus: --utterances 16 --dev-utterances 4 --test-utterances 4
    prepare: --vocab-size 60 --sample-rate 8000 --num-mel-bins 20
    updates: 2
  absent: {{recipe: an4, source: the data set AN4, updates: 2}}
variants:
  asr: {{system: asr}}
  pipeline: {{system: pipeline, recogniser: asr}}
  e2e: {{system: e2e, encoder_from: asr}}
  multitask: {{system: multitask}}
  two_stage: {{system: two_stage}}
  interactive: {{system: interactive}}
  joint: {{system: interactive, model_of: interactive, decode: --search joint}}
groups:
  systems:
    variants: [asr, pipeline, e2e, multitask, two_stage, interactive]
    seeds: {{digits: [1], absent: [1]}}
  search:
    parameter: search
    variants: {{rank: interactive, joint: joint}}
    seeds: {{digits: [1]}}
"""
