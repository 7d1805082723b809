import os
from taiga.users.models import User

if not User.objects.filter(username=os.environ["ADMIN_USERNAME"]).exists():
    User.objects.create_superuser(
        os.environ["ADMIN_USERNAME"], os.environ["ADMIN_EMAIL"], os.environ["ADMIN_PASSWORD"]
    )
