from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("rooms", "0004_attachments")]

    operations = [
        migrations.RunSQL(
            "UPDATE rooms_room SET visibility = 'private' WHERE kind = 'session' AND visibility = 'public'",
            migrations.RunSQL.noop,
        ),
        migrations.AddConstraint(
            model_name="room",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind", "session"), ("visibility", "public"), _negated=True),
                name="room_session_is_private",
            ),
        ),
    ]
