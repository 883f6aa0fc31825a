"""Contests without an API: a browser does what a person would, by a small file of selectors."""

from podium.platforms.webform.form import Form, read_form
from podium.platforms.webform.platform import WebForm

__all__ = ["Form", "WebForm", "read_form"]
