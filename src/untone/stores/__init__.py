"""Places of photos beyond paths: objects of a bucket (s3://, gs://, az://), by obstore; and folders, by the same words.

    contract.py   what a store can do: list, read, read a range, write whole, create, replace
    buckets.py    object stores        folders.py   folders        places.py   a store and a key in it

Light to import: obstore is loaded when the first bucket is asked for something.
"""

from .objects import load as load
from .objects import opened as opened
from .objects import put as put
from .places import Place as Place
from .places import folder_place as folder_place
from .places import is_url as is_url
from .places import place as place
