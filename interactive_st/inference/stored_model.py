"""A trained model as it is stored, from which it is built again."""

from argparse import ArgumentParser, Namespace
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor, nn

from interactive_st.checkpoint_reading import read_checkpoint, task_name
from interactive_st.conventions import TASK
from interactive_st.data.folder.layout import CONFIG
from interactive_st.errors import DataError
from interactive_st.inference.quieting import quiet
from interactive_st.inference.torch_defaults import made_on_cpu
from interactive_st.models.architectures import option_names
from interactive_st.registration import register

#: Options of the task that decoding depends on, and by which it is done by default.
TASK_OPTIONS = (
    "max_source_positions",
    "max_target_positions",
    "source_lang",
    "target_lang",
    "search",
    "decoding_ctc_weight",
)
#: Options of the model that name files of training; the weights are what came of them.
STARTING_POINTS = "load_pretrained_"


@dataclass
class StoredModel:
    """What a checkpoint or a model folder says of a model.

    ``data`` is the folder with the configuration ``config``, dictionary and subword model;
    ``architecture`` fairseq's name; ``options`` and ``task_options`` hold plain values; ``weights``
    is a state dict; ``updates`` how many steps it was trained, None where unknown.
    """

    data: Path
    architecture: str
    options: dict[str, Any]
    task_options: dict[str, Any]
    weights: dict[str, Tensor]
    config: str = CONFIG
    updates: int | None = None

    def build(self) -> tuple[Any, nn.Module]:
        """Return the task and the model, in evaluation mode on the CPU.

        Raises:
            DataError: the parts do not fit together.
        """
        register()
        _check_architecture(self.architecture)
        with quiet(), made_on_cpu():
            task = self._task()
            try:
                model = task.build_model(
                    Namespace(**self.options, arch=self.architecture), from_checkpoint=True
                )
            except ValueError as error:  # options that no model can have
                raise DataError(str(error)) from error
            except (AssertionError, RuntimeError) as error:  # by which fairseq refuses them
                raise DataError(
                    f"{self.data}: no model has the options that are stored ({error}); copy it again"
                ) from error
        try:
            # float: torch's default may be another, which has not room for all that the weights hold
            model.float().load_state_dict(dict(self.weights), strict=True)
        except RuntimeError as error:
            raise DataError(
                f"the weights do not fit the model that {self.data} describes ({error}); is it the "
                "data folder that the model was trained with?"
            ) from error
        _ = task.detokenise  # every call's copy of the task has it, and reads no file of its own
        return task, model.eval()

    def _task(self) -> Any:
        from fairseq.tasks import TASK_REGISTRY

        arguments = self._task_arguments()
        try:
            return TASK_REGISTRY[TASK].setup_task(arguments)
        except OSError as error:  # a file that is missing
            raise DataError(
                f"{self.data}: the task cannot be made of it ({error}); copy the folder again, whole, or "
                "make it again"
            ) from error

    def _task_arguments(self) -> Namespace:
        from fairseq.tasks import TASK_REGISTRY

        parser = ArgumentParser()
        TASK_REGISTRY[TASK].add_args(parser)
        args = parser.parse_args([str(self.data.absolute())])  # wherever the process goes
        return Namespace(
            **vars(args) | self.task_options | {"config_yaml": self.config, "train_subset": "train"}
        )


def load_checkpoint(path: Path, data: Path | None = None) -> StoredModel:
    """Read a checkpoint of ``fairseq-train``.

    Args:
        path: the file.
        data: the data folder; the one it was trained with if None.

    Raises:
        DataError: it is not a checkpoint of this task, or its data folder is not there.
    """
    state, cfg = read_checkpoint(path)
    weights, task, model = state["model"], cfg["task"], cfg["model"]
    name = task_name(cfg)
    if name != TASK:
        raise DataError(f"{path}: trained by the task {name}; one that writes two texts is needed, {TASK}")
    config = getattr(task, "config_yaml", None) or CONFIG
    folder = _trained_on(path, Path(task.data), config) if data is None else data
    if not (folder / config).is_file():
        where = f"{folder.resolve()}, where it was trained," if data is None else str(folder)
        raise DataError(
            f"{path}: its data folder {where} has no {config}; name the data folder by --data DIR (in Python "
            "data=)"
        )
    history = state.get("optimizer_history") or [{}]
    architecture = getattr(model, "arch", None) or model._name
    return StoredModel(
        data=folder,
        architecture=architecture,
        options=_building_options(architecture, model),
        task_options={key: getattr(task, key) for key in TASK_OPTIONS if hasattr(task, key)},
        weights=weights,
        config=config,
        updates=history[-1].get("num_updates"),
    )


def _trained_on(checkpoint: Path, data: Path, config: str) -> Path:
    """Return the data folder of a training.

    A relative path is from the working directory of the training, which often is one of the folders
    above the checkpoint.
    """
    found = (folder / data for folder in (Path(), *checkpoint.resolve().parents))
    return next((folder for folder in found if (folder / config).is_file()), data)


def _building_options(architecture: str, stored: Namespace) -> dict[str, Any]:
    """Return what of a training run's options makes the model, without files of that run."""
    _check_architecture(architecture)
    # The criterion's, by which decoding knows that the CTC head was trained.
    names = {*option_names(architecture), *TASK_OPTIONS[:2], "ctc_weight"}
    return {
        name: getattr(stored, name)
        for name in sorted(names)
        if hasattr(stored, name) and not name.startswith(STARTING_POINTS)
    }


def _check_architecture(name: str) -> None:
    from fairseq.models import ARCH_MODEL_REGISTRY

    if name not in ARCH_MODEL_REGISTRY:
        raise DataError(f"the architecture {name} is unknown here; it needs a newer interactive_st")
