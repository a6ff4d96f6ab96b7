"""Pictures from results; the only room that knows matplotlib."""

import logging

# Before matplotlib is imported: an unwritable home or a new font cache is no news to the user.
logging.getLogger("matplotlib").setLevel(logging.ERROR)
