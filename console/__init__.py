"""The console, and which SQLite it runs on: pysqlite3's where it is installed, for it has the WAL-reset bug mended."""

import sys

try:
    import pysqlite3
    import pysqlite3.dbapi2
except ImportError:  # no wheel for this platform: the interpreter's own, and console.db says what that means
    pass
else:
    sys.modules["sqlite3"] = pysqlite3
    sys.modules["sqlite3.dbapi2"] = pysqlite3.dbapi2
