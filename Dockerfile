# One image for every role: `green-whistle serve | worker | beat | migrate | …`. Servers run elsewhere (see compose.yaml).
FROM python:3.12-slim-bookworm AS build
WORKDIR /build
RUN python -m venv /opt/green-whistle
COPY constraints.txt pyproject.toml README.md piccolo_conf.py ./
COPY api api
COPY domain domain
COPY media media
COPY rewards rewards
COPY notifications notifications
COPY migrations migrations
# No extra: the embedded servers stay out of the production image.
RUN /opt/green-whistle/bin/pip install --no-cache-dir --constraint constraints.txt .

FROM python:3.12-slim-bookworm
RUN useradd --system --uid 10001 --create-home green-whistle
COPY --from=build /opt/green-whistle /opt/green-whistle
ENV PATH=/opt/green-whistle/bin:$PATH GW_ENV=production PYTHONUNBUFFERED=1
USER green-whistle
WORKDIR /home/green-whistle
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=20s \
  CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/health/live', timeout=3)"]
ENTRYPOINT ["green-whistle"]
CMD ["serve", "--host", "0.0.0.0", "--port", "8000"]
