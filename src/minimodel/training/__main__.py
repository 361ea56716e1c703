"""Training from the command line: `python -m minimodel.training [base|adapter|all]`.

Writes bundles into the staging folder. Registered models are never touched.
"""

import argparse
from pathlib import Path
from typing import Final

import torch

from minimodel.errors import ModelError
from minimodel.training.recipe import PARAMETERS, read_recipe
from minimodel.training.staging import BASE_RECEIPT, base_folder
from minimodel.training.train import receipt, train_adapter, train_all, train_base

STAGING: Final = Path("models/staging")


def main() -> None:
    """Train the base model, the adapter or both."""
    parser = argparse.ArgumentParser(prog="python -m minimodel.training", description=__doc__)
    parser.add_argument("what", nargs="?", choices=("base", "adapter", "all"), default="all")
    parser.add_argument("--out", type=Path, default=STAGING)
    parser.add_argument("--params", type=Path, default=Path(PARAMETERS))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument(
        "--base-receipt", type=Path, default=BASE_RECEIPT, help="receipt that names the base the adapter builds on"
    )
    parser.add_argument(
        "--receipt", type=Path, help="write SHA, kind, parent and loss of the trained bundle here, as JSON"
    )
    arguments = parser.parse_args()
    if arguments.receipt is not None and arguments.what == "all":
        parser.error("--receipt needs one run: got 'all', expected base or adapter")
    recipe = read_recipe(arguments.params)
    # Parallelism comes from our own threads, one share of a batch each (see objective.py). Operations of this size
    # are too small to split over cores.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(mode=True)
    # This debugging aid fills every new tensor with NaN; no operation here reads uninitialised memory.
    torch.utils.deterministic.fill_uninitialized_memory = False
    arguments.out.mkdir(parents=True, exist_ok=True)
    if arguments.what == "all":
        train_all(recipe, arguments.out)
    elif arguments.what == "base":
        train_base(recipe, arguments.out)
    else:
        try:
            base = base_folder(arguments.base_receipt, arguments.out / "base", arguments.models)
        except ModelError as error:
            parser.error(str(error))
        train_adapter(recipe, arguments.out, base)
    if arguments.receipt is not None:
        arguments.receipt.write_text(receipt(arguments.out / arguments.what), encoding="utf-8")


if __name__ == "__main__":
    main()
