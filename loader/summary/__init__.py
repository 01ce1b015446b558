"""What a load came to: counts by status and cause, what to do, and the HTML page."""

from loader.summary.summarise import ReportSummary, as_json, as_text, summarise

__all__ = ["ReportSummary", "as_json", "as_text", "summarise"]
