"""Tabular recipes: an encoder for mixed tables and families of models on it.

Names are loaded when first asked for, so that one missing library (LightGBM without libgomp, CatBoost) costs its own
family only.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from podium.recipes.lazy import on_demand

if TYPE_CHECKING:
    from podium.recipes.tabular.catboost_model import CatBoost
    from podium.recipes.tabular.dual_model import DualBranch
    from podium.recipes.tabular.encoder import Encoder
    from podium.recipes.tabular.forest import ExtraTrees, RandomForest
    from podium.recipes.tabular.hist import HistGradientBoosting
    from podium.recipes.tabular.kernel import KernelRidge
    from podium.recipes.tabular.knn import KNN
    from podium.recipes.tabular.lightgbm_model import LightGBM
    from podium.recipes.tabular.linear import Linear
    from podium.recipes.tabular.mlp import MLP
    from podium.recipes.tabular.prepare import measure_files
    from podium.recipes.tabular.realmlp_model import RealMLP
    from podium.recipes.tabular.second_level import SecondLevel
    from podium.recipes.tabular.tabm_model import TabM
    from podium.recipes.tabular.xgboost_model import XGBoost

__all__ = [
    "KNN",
    "MLP",
    "CatBoost",
    "DualBranch",
    "Encoder",
    "ExtraTrees",
    "HistGradientBoosting",
    "KernelRidge",
    "LightGBM",
    "Linear",
    "RandomForest",
    "RealMLP",
    "SecondLevel",
    "TabM",
    "XGBoost",
    "measure_files",
]

__getattr__ = on_demand(
    __name__,
    {
        "CatBoost": "catboost_model",
        "DualBranch": "dual_model",
        "Encoder": "encoder",
        "ExtraTrees": "forest",
        "HistGradientBoosting": "hist",
        "KNN": "knn",
        "KernelRidge": "kernel",
        "LightGBM": "lightgbm_model",
        "Linear": "linear",
        "MLP": "mlp",
        "RandomForest": "forest",
        "RealMLP": "realmlp_model",
        "SecondLevel": "second_level",
        "TabM": "tabm_model",
        "XGBoost": "xgboost_model",
        "measure_files": "prepare",
    },
)
