# syntax=docker/dockerfile:1
FROM python:3.11-slim-bookworm AS built
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
COPY requirements.txt /tmp/
RUN python -m venv /venv \
 && /venv/bin/pip install --quiet --require-hashes --only-binary :all: -r /tmp/requirements.txt

FROM python:3.11-slim-bookworm
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    CHATROOM_VAR=/srv/var STATIC_ROOT=/srv/static MEDIA_ROOT=/srv/media HASHED_STATIC=1 LITELLM_LOCAL_MODEL_COST_MAP=True
COPY --from=built /venv /venv
RUN useradd --system --home-dir /srv --shell /usr/sbin/nologin chatroom \
 && mkdir -p /srv/var /srv/static /srv/media && chown chatroom: /srv/var /srv/static /srv/media
WORKDIR /srv/chatroom
COPY manage.py ./
COPY chatroom chatroom
COPY governance governance
COPY memory memory
COPY agents agents
COPY rooms rooms
COPY templates templates
COPY static static
USER chatroom
# Names with hashes, once, so that browsers may keep the files for ever. DEBUG only supplies the addresses nobody calls.
RUN DEBUG=1 python manage.py collectstatic --no-input -v 0
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen(u.Request('http://127.0.0.1:8000/livez', headers={'Host': 'localhost'}), timeout=2)"]
CMD ["python", "-m", "chatroom.parts", "web"]
