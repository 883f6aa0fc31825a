"""What a call costs. Prices come with genai-prices; a price that is not known is None, which is not zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pydantic_ai.messages import ModelResponse
    from pydantic_ai.models import Model

TOKEN_CHARS = 3.0  # characters a token, on the low side: an estimate before a call should not be too small


def estimate(text: str) -> int:
    """Tokens of a text, rather too many than too few."""
    return int(len(text) / TOKEN_CHARS) + 1


def of_response(response: ModelResponse) -> float | None:
    """US dollars of an answer, None where its price or its usage is unknown."""
    try:
        return float(response.cost().total_price)
    except (LookupError, ValueError, AssertionError):
        return None


def of_tokens(model: Model, tokens_in: int, tokens_out: int) -> float | None:
    """US dollars that a call would cost, None where the price is unknown."""
    from genai_prices import Usage, calc_price

    usage = Usage(input_tokens=tokens_in, output_tokens=tokens_out)
    try:
        return float(calc_price(usage, model.model_name, provider_id=model.system).total_price)
    except (LookupError, ValueError):
        return None
