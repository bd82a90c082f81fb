"""The same work through other history tools, for `cargo xtask bench --only peers`.

    python peers.py PEER URL

Reads one operation with its arguments per line, and prints how many seconds it took, or `none`
if the tool has no such thing. The database of the URL is emptied.
"""

import datetime
import os
import sys
import time
from urllib.parse import urlparse

ROWS, SOME = 20_000, 5_000
BODY = "x" * 40


class Hand:
    """psycopg and a trigger for each row, as it is written by hand."""

    def __init__(self, url):
        import psycopg

        self.conn = psycopg.connect(url, autocommit=True)
        self.conn.execute(
            """DROP SCHEMA IF EXISTS peer_hand CASCADE; CREATE SCHEMA peer_hand; SET search_path = peer_hand;
            CREATE TABLE notes (id INTEGER PRIMARY KEY, title VARCHAR(255) NOT NULL, body TEXT NOT NULL,
              updated_at TIMESTAMPTZ NOT NULL DEFAULT now());
            CREATE TABLE notes_history (history_id BIGSERIAL PRIMARY KEY, operation TEXT NOT NULL,
              at TIMESTAMPTZ NOT NULL DEFAULT now(), id INTEGER, title VARCHAR(255), body TEXT, updated_at TIMESTAMPTZ);
            CREATE INDEX ON notes_history (id);
            CREATE FUNCTION record() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
              IF TG_OP = 'DELETE' THEN
                INSERT INTO notes_history (operation, id, title, body, updated_at)
                VALUES (TG_OP, OLD.id, OLD.title, OLD.body, OLD.updated_at);
              ELSE
                INSERT INTO notes_history (operation, id, title, body, updated_at)
                VALUES (TG_OP, NEW.id, NEW.title, NEW.body, NEW.updated_at);
              END IF;
              RETURN NULL;
            END $$;
            CREATE TRIGGER record AFTER INSERT OR UPDATE OR DELETE ON notes FOR EACH ROW EXECUTE FUNCTION record();"""
        )

    def run(self, sql, *values):
        return self.conn.execute(sql, values, prepare=True)

    def fill(self):
        self.run("INSERT INTO notes (id, title, body) SELECT i, 'a title', %s FROM generate_series(1, %s) AS s (i)", BODY, ROWS)

    def insert(self, key):
        self.run("INSERT INTO notes (id, title, body) VALUES (%s, 'a title', %s)", key, BODY)

    def update(self, key, title):
        self.run("UPDATE notes SET title = %s, updated_at = now() WHERE id = %s", title, key)

    def save(self, key, title):
        self.run("SELECT * FROM notes WHERE id = %s", key).fetchone()
        self.update(key, title)

    def delete(self, key):
        self.run("DELETE FROM notes WHERE id = %s", key)

    def bulk(self, title):
        self.run("UPDATE notes SET title = %s, updated_at = now()", title)

    def history(self, key):
        return self.run("SELECT * FROM notes_history WHERE id = %s ORDER BY history_id", key).fetchall()

    def as_of(self, moment):
        return self.run(
            "SELECT DISTINCT ON (id) * FROM notes_history WHERE id <= %s AND at <= %s ORDER BY id, history_id DESC",
            SOME,
            moment,
        ).fetchall()


class Django:
    """What the tools for Django share."""

    apps = []

    def __init__(self, url):
        import django
        from django.conf import settings

        url = urlparse(url)
        schema = "peer_" + "".join(c if c.isalnum() else "_" for c in os.environ["PEER"])
        settings.configure(
            INSTALLED_APPS=["django.contrib.contenttypes", "django.contrib.auth", *self.apps, "notes"],
            DATABASES={
                "default": {
                    "ENGINE": "django.db.backends.postgresql",
                    "HOST": url.hostname,
                    "PORT": url.port,
                    "USER": url.username,
                    "NAME": url.path[1:],
                    "OPTIONS": {"options": f"-c search_path={schema}"},
                }
            },
            USE_TZ=True,
            DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
        )
        django.setup()
        from django.core.management import call_command
        from django.db import connection

        with connection.cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {schema} CASCADE; CREATE SCHEMA {schema}")
        # What has migrations first: a table without them may refer to it.
        call_command("migrate", "auth", verbosity=0)
        call_command("migrate", run_syncdb=True, verbosity=0)
        if "pgtrigger" in self.apps:
            call_command("pgtrigger", "install", verbosity=0)
        from notes.models import Note

        self.model = Note

    def objects(self):
        return [self.model(id=i, title="a title", body=BODY) for i in range(1, ROWS + 1)]

    def insert(self, key):
        self.model.objects.create(id=key, title="a title", body=BODY)

    def save(self, key, title):
        note = self.model.objects.get(pk=key)
        note.title = title
        note.save()

    def delete(self, key):
        self.model.objects.get(pk=key).delete()


class Pghistory(Django):
    apps = ["pgtrigger", "pghistory"]

    def fill(self):
        self.model.objects.bulk_create(self.objects(), batch_size=5_000)

    def now(self):
        return datetime.datetime.now(datetime.timezone.utc)

    def update(self, key, title):
        self.model.objects.filter(pk=key).update(title=title, updated_at=self.now())

    def delete(self, key):
        self.model.objects.filter(pk=key).delete()

    def bulk(self, title):
        self.model.objects.update(title=title, updated_at=self.now())

    def events(self):
        from notes.models import NoteEvent

        return NoteEvent.objects

    def history(self, key):
        return list(self.events().filter(pgh_obj_id=key).order_by("pgh_id"))

    def as_of(self, moment):
        then = self.events().filter(pgh_created_at__lte=moment, pgh_obj_id__lte=SOME)
        return list(then.order_by("pgh_obj_id", "-pgh_id").distinct("pgh_obj_id"))


class SimpleHistory(Django):
    apps = ["simple_history"]

    def fill(self):
        from simple_history.utils import bulk_create_with_history

        bulk_create_with_history(self.objects(), self.model, batch_size=5_000)

    def bulk(self, title):
        from simple_history.utils import bulk_update_with_history

        notes = list(self.model.objects.all())
        for note in notes:
            note.title = title
        bulk_update_with_history(notes, self.model, ["title"], batch_size=5_000)

    def history(self, key):
        return list(self.model.history.filter(id=key))

    def as_of(self, moment):
        return list(self.model.history.as_of(moment).filter(id__lte=SOME))


class Auditlog(Django):
    apps = ["auditlog"]

    def fill(self):
        self.model.objects.bulk_create(self.objects(), batch_size=5_000)

    def history(self, key):
        from auditlog.models import LogEntry

        return list(LogEntry.objects.get_for_object(self.model(id=key)))


class Continuum:
    def __init__(self, url):
        import sqlalchemy as sa
        from sqlalchemy import orm
        from sqlalchemy_continuum import make_versioned

        make_versioned(user_cls=None)
        Base = orm.declarative_base()

        class Note(Base):
            __tablename__ = "notes"
            __versioned__ = {}
            id = sa.Column(sa.Integer, primary_key=True, autoincrement=False)
            title = sa.Column(sa.String(255), nullable=False)
            body = sa.Column(sa.Text, nullable=False)
            updated_at = sa.Column(sa.DateTime, default=sa.func.now(), onupdate=sa.func.now())

        orm.configure_mappers()
        url = url.replace("postgres://", "postgresql+psycopg://")
        options = {"options": "-c search_path=peer_continuum"}
        engine = sa.create_engine(url, connect_args=options)
        with engine.begin() as conn:
            conn.execute(sa.text("DROP SCHEMA IF EXISTS peer_continuum CASCADE"))
            conn.execute(sa.text("CREATE SCHEMA peer_continuum"))
        Base.metadata.create_all(engine)
        self.model, self.session, self.sa = Note, orm.Session(engine), sa

    def fill(self):
        rows = [{"id": i, "title": "a title", "body": BODY} for i in range(1, ROWS + 1)]
        self.session.execute(self.sa.insert(self.model), rows)
        self.session.commit()

    def insert(self, key):
        self.session.add(self.model(id=key, title="a title", body=BODY))
        self.session.commit()

    def save(self, key, title):
        self.session.get(self.model, key).title = title
        self.session.commit()

    def delete(self, key):
        self.session.delete(self.session.get(self.model, key))
        self.session.commit()

    def history(self, key):
        found = self.session.get(self.model, key).versions.all()
        self.session.rollback()
        return found


PEERS = {
    "a trigger by hand, psycopg": Hand,
    "django-pghistory": Pghistory,
    "django-pghistory, statement": Pghistory,
    "django-simple-history": SimpleHistory,
    "django-auditlog": Auditlog,
    "SQLAlchemy-Continuum": Continuum,
}


def prepare(peer):
    """Three states of every row, of which the second can be asked for, and ten versions of one."""
    peer.fill()
    if hasattr(peer, "bulk"):
        peer.bulk("second")
        time.sleep(0.01)
        peer.moment = datetime.datetime.now(datetime.timezone.utc)
        time.sleep(0.01)
        peer.bulk("third")
    for count in range(7):
        peer.save(1, f"title {count}")


def main():
    name, url = sys.argv[1:]
    os.environ["PEER"] = name
    sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
    peer = PEERS[name](url)
    prepare(peer)
    print("ready", flush=True)
    for line in sys.stdin:
        operation, *arguments = line.rstrip("\n").split("\t")
        arguments = [int(one) if one.isdigit() else one for one in arguments]
        run = getattr(peer, operation, None)
        if operation == "as_of":
            arguments = [getattr(peer, "moment", None)]
        if run is None:
            print("none", flush=True)
            continue
        start = time.perf_counter()
        found = run(*arguments)
        taken = time.perf_counter() - start
        if operation == "as_of" and len(found) != SOME:
            sys.exit(f"{name}: {len(found)} objects instead of {SOME}")
        if operation == "history" and len(found) < 7:
            sys.exit(f"{name}: {len(found)} versions")
        print(f"{taken:.9f}", flush=True)


main()
