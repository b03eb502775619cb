# MCP over stdio:  docker run -i --rm -v rfcat:/data random-forest-cat random-forest-cat
# HTTP and pages:  docker run --rm -v rfcat:/data -p 127.0.0.1:8000:8000 -e RFCAT_TOKEN=... random-forest-cat
FROM python:3.11-slim

WORKDIR /app
COPY requirements.lock ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.lock
COPY . .
RUN pip install --no-cache-dir --disable-pip-version-check --no-deps . \
    && useradd --create-home --uid 10001 cat \
    && install -d -o cat -g cat -m 0700 /data

USER cat
ENV RFCAT_CONTAINER=1 RFCAT_WORKSPACE=/data PYTHONUNBUFFERED=1
VOLUME /data
EXPOSE 8000
CMD ["random-forest-cat", "serve", "--host", "0.0.0.0"]
