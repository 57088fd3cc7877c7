"""STAGES 1 and 5: files to Image and GainMap, and back. One package a container; table.py is the table of formats."""

from .table import FORMATS as FORMATS
from .table import OTHER_SUFFIXES as OTHER_SUFFIXES
from .table import RAW_SUFFIXES as RAW_SUFFIXES
from .table import READ_SUFFIXES as READ_SUFFIXES
from .table import Format as Format
from .table import format_of as format_of
from .table import naming as naming
from .table import probe as probe
from .table import probe_opened as probe_opened
from .table import read as read
from .table import sniff as sniff
from .table import suffixes_of as suffixes_of
from .table import write as write
