"""The API, asked over HTTP like any program asks it."""
