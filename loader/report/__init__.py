"""The report: the input joined with the checkpoint, one CSV line for each of its pairs, written in one step.

lines      the lines
cells      text from the server made safe for a cell
file_sync  files that are on the disk whole, or not at all
writer     the file
"""

from loader.report.file_sync import write_whole
from loader.report.writer import ReportResult, write_report

__all__ = ["ReportResult", "write_report", "write_whole"]
