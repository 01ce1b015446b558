"""The report: one line per data row, written as rows end, and the checkpoint that a later run goes on from.

A run takes the `ReportLock`, asks `read_back` what an earlier run settled, mends and appends with a
`ReportWriter`, and at its end calls `put_in_order`. Other commands read with `read_records`.
"""

from loader.report.cells import one_line
from loader.report.lock import ReportLock
from loader.report.order import put_in_order
from loader.report.readback import STATUS_CODES, Settled, read_back
from loader.report.records import Record, read_header, read_records, rows_by_status
from loader.report.writer import ReportWriter

__all__ = [
    "STATUS_CODES",
    "Record",
    "ReportLock",
    "ReportWriter",
    "Settled",
    "one_line",
    "put_in_order",
    "read_back",
    "read_header",
    "read_records",
    "rows_by_status",
]
