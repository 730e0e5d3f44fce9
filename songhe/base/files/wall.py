"""Row-level security of files: who kept one; and, a kind at a time (kinds), with what it is of."""

from songhe.base.access.wall import of_actor, protect, through

protect("files_storedfile", of_actor("files_storedfile.kept_by_id"))
protect("files_filepart", through("files_storedfile", "files_filepart.file_id"))
