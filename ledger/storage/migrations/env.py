"""What Alembic runs: the versions, on the connection that it is handed, in one transaction."""

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
