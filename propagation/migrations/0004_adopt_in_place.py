from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("propagation", "0003_dependencies_and_capacity"),
    ]

    operations = [
        migrations.AddField(
            model_name="federatedresource",
            name="adopt_in_place",
            field=models.BooleanField(default=False, editable=False),
        ),
    ]
