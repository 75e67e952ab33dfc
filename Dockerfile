# One image for every role: `afk serve`, `afk worker`, `afk bot`, `afk migrate`, and `prefect server start`.
# How to run it: deploy/README.md. The versions of what it holds: constraints.txt.
ARG PYTHON=python:3.11.14-slim-bookworm

FROM ${PYTHON} AS wheel
WORKDIR /src
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY afk afk
COPY flows flows
COPY slackbot slackbot
RUN PIP_CONSTRAINT=constraints.txt pip wheel --no-cache-dir --disable-pip-version-check --no-deps --wheel-dir /wheels .

FROM ${PYTHON} AS installed
COPY constraints.txt /tmp/constraints.txt
COPY --from=wheel /wheels /wheels
RUN python -m venv /opt/afk \
 && for wheel in /wheels/*.whl; do \
      /opt/afk/bin/python -m pip install --no-cache-dir --disable-pip-version-check --no-compile \
        --constraint /tmp/constraints.txt "${wheel}[scale]"; \
    done \
 && /opt/afk/bin/python -m compileall -q -j 0 /opt/afk/lib

FROM ${PYTHON}
COPY --from=installed /opt/afk /opt/afk
COPY prefect.yaml /srv/afk/prefect.yaml
COPY deploy/prefect.kubernetes.yaml /srv/afk/deploy/prefect.kubernetes.yaml
# The root file system may be read-only: what is written goes to /tmp, and the ledger of a small installation to
# /var/lib/afk. The compiled files are there already.
ENV PATH=/opt/afk/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    HOME=/tmp \
    XDG_DATA_HOME=/var/lib \
    PREFECT_HOME=/tmp/prefect \
    PREFECT_SERVER_UI_STATIC_DIRECTORY=/tmp/prefect-ui \
    PREFECT_SERVER_UI_API_URL=/api \
    PREFECT_SERVER_UI_SHOW_PROMOTIONAL_CONTENT=false \
    PREFECT_SERVER_ANALYTICS_ENABLED=false \
    DO_NOT_TRACK=1 \
    PREFECT_SERVER_LOGGING_LEVEL=WARNING
RUN install -d -o 65532 -g 65532 -m 0700 /var/lib/afk
WORKDIR /srv/afk
USER 65532:65532
VOLUME /var/lib/afk
EXPOSE 8080
# For the roles that are told `--health 8080`; the others say their own, or none, where they are deployed.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["python", "-c", "import urllib.request as web; web.urlopen('http://127.0.0.1:8080/alive', timeout=4)"]
ENTRYPOINT ["afk"]
CMD ["--help"]
