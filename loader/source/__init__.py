"""The input: CSV files and workbooks in, chunks of judged rows out.

source           the whole input: surveyed once, then streamed
reading          one reading of it: its parts, their headers, their records
input_file       the file on the disk; standard input and pipes saved as one
formats          what a file is, by its first bytes
archives         .gz .bz2 .xz .zst .zip, strictly
workbook         the sheet of an .xlsx file
decoding         bytes into text, block by block
header           the header: its delimiter, its names, what is wrong with it
columns          the options, and the resulting layout
column_search    the ID columns, by their names
suggestion       a command to try if columns are not found
fast_path        plain lines, which pandas reads
records          any other text into records
scanner          one record, exactly as written
stray_quotes     multi-line cells: genuine text, or swallowed rows
second_header    two files joined into one
row_reader       rows into chunks
validation       the verdict on a row
cell_rules       what an ID and an object type are
type_pairs       the pairs of object types of an input
duplicates       pairs that repeat an earlier one
chunk            what comes out: chunks, and the survey
"""

from loader.source.chunk import Chunk, InvalidRow, Survey
from loader.source.columns import Columns, Layout
from loader.source.fast_path import importing_pandas
from loader.source.input_file import InputFile, is_pipe, open_input, save_copy
from loader.source.source import Source
from loader.source.type_pairs import TypePair

__all__ = [
    "Chunk",
    "Columns",
    "InputFile",
    "InvalidRow",
    "Layout",
    "Source",
    "Survey",
    "TypePair",
    "importing_pandas",
    "is_pipe",
    "open_input",
    "save_copy",
]
