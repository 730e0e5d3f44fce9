"""The database's roles."""

APP = "songhe_app"  # the role of the pages: it owns nothing, and sees what policies show
