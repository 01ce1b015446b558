"""CSV in: the input's rows, judged, from whatever it is packed in.

opening      a file, standard input or an archive as a stream of bytes
archives     .gz .bz2 .xz .zip .zst, strictly
text         bytes into text, block by block
layout       delimiter, header, which column is which
records      one record by the letter
plain        the lines beyond doubt, which pandas reads
suspicion    cells that span lines: honest text, or a stray quote
rules        what an ID and an object type are
judging      one record into a verdict
type_pairs        the pairs of object types that occur
blocks       blocks of text into judged rows
duplicates   the same pair again
reading      the whole input: surveyed once, then streamed
"""

from loader.source.chunk import Chunk, InvalidRow, Survey
from loader.source.header import Columns, Layout
from loader.source.input_file import InputFile, is_pipe, open_input, save_copy
from loader.source.source import Batch, Source
from loader.source.type_pairs import TypePair

__all__ = [
    "Batch",
    "Chunk",
    "Columns",
    "InputFile",
    "InvalidRow",
    "Layout",
    "Source",
    "Survey",
    "TypePair",
    "is_pipe",
    "open_input",
    "save_copy",
]
