"""One model, with the history that the peer of this process keeps of it."""

import os

from django.db import models

PEER = os.environ["PEER"]


class Base(models.Model):
    id = models.IntegerField(primary_key=True)
    title = models.CharField(max_length=255)
    body = models.TextField()
    updated_at = models.DateTimeField(auto_now=True)

    class Meta:
        abstract = True


if PEER.startswith("django-pghistory"):
    import pghistory

    LEVEL = pghistory.Statement if "statement" in PEER else pghistory.Row

    @pghistory.track(
        pghistory.InsertEvent(level=LEVEL),
        pghistory.UpdateEvent(level=LEVEL),
        pghistory.DeleteEvent(level=LEVEL),
    )
    class Note(Base):
        pass

elif PEER == "django-simple-history":
    from simple_history.models import HistoricalRecords

    class Note(Base):
        history = HistoricalRecords()

else:
    from auditlog.registry import auditlog

    class Note(Base):
        pass

    auditlog.register(Note)
