"""Files that hold other files: what they are, and what to bring instead."""

from __future__ import annotations

import zipfile

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.imports.lines import Opener

_DAMAGED_ZIP = gettext_lazy(
    "This is a workbook or a zip archive, and damaged: save each sheet as CSV, or bring the files in it. "
    "Nothing was kept."
)
WORKBOOK = gettext_lazy("This is a workbook: save each sheet as CSV and bring those files. Nothing was kept.")


def what_is_zipped(opener: Opener) -> str:
    """What to do with a zip archive: workbooks are such archives too."""
    try:
        with opener() as stream, zipfile.ZipFile(stream) as archive:
            names = [name for name in archive.namelist() if not name.endswith("/")]
    except (zipfile.BadZipFile, OSError):
        return str(_DAMAGED_ZIP)
    if "[Content_Types].xml" in names or "mimetype" in names:
        return str(WORKBOOK)
    shown = ", ".join(name.rpartition("/")[2][:60] for name in names[:5]) + (" …" if len(names) > 5 else "")
    return _(
        "This is a zip archive of %(files)s: unpack it and bring those files, several at once. Nothing was kept."
    ) % {"files": shown}
