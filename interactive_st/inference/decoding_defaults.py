"""How a model folder is decoded where its user does not say."""

from dataclasses import replace
from typing import Any

from interactive_st.inference.decoding import Decoding, known_wait_k
from interactive_st.inference.options import OptionError, Options
from interactive_st.inference.stored_model import StoredModel
from interactive_st.tasks.search_settings import unused_ctc


def decoded_by(
    stored: StoredModel,
    *,
    search: str | None = None,
    ctc_weight: float | None = None,
    wait_k: int | float | str | None = None,
) -> StoredModel:
    """Return the model with other defaults for decoding; None leaves one as it is.

    Args:
        stored: the model, with its data folder.
        search, ctc_weight: as in `Options`.
        wait_k: one of those that the model was trained for.

    Raises:
        OptionError: the model cannot be decoded so.
    """
    options = Options(search=search, ctc_weight=ctc_weight, wait_k=wait_k)
    if options == Options():
        return stored
    task, model = stored.build()
    of_model: dict[str, Any] = {}
    if wait_k is not None:
        trained = model.decoder.trained_wait_k
        if known_wait_k(model, wait_k) not in trained:
            raise OptionError("wait_k", wait_k, f"the model was trained for {', '.join(map(str, trained))}")
        of_model["wait_k"] = str(wait_k)
    Decoding(task, model, options)  # refuses what contradicts the model
    of_task: dict[str, Any] = {"search": search, "decoding_ctc_weight": ctc_weight}
    given = {name: value for name, value in of_task.items() if value is not None}
    return replace(
        stored, options=stored.options | of_model, task_options=stored.task_options | given
    )


def notes(stored: StoredModel) -> list[str]:
    """Return what somebody who makes a model folder should know of these defaults."""
    trained, weight = stored.options.get("ctc_weight"), stored.task_options.get("decoding_ctc_weight")
    if trained and weight is None and stored.options.get("streams") != "st":
        return [unused_ctc(trained, "--ctc-weight")]
    return []
