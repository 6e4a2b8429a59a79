# Bookworm: the last Debian that has wkhtmltopdf.
FROM python:3.11-slim-bookworm AS packages
RUN pip install --no-cache-dir uv==0.13.8
COPY requirements.lock /
RUN uv venv --python /usr/local/bin/python /venv \
 && uv pip sync --python /venv/bin/python --require-hashes /requirements.lock

FROM python:3.11-slim-bookworm
RUN apt-get update \
 && apt-get install -y --no-install-recommends wkhtmltopdf fonts-dejavu-core fonts-wqy-microhei \
 && rm -rf /var/lib/apt/lists/* \
 && useradd --system --create-home gatehouse
COPY --from=packages /venv /venv
WORKDIR /gatehouse
COPY . .
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 WKHTMLTOPDF=/usr/bin/wkhtmltopdf GATEHOUSE_INSTALLED=/venv
USER gatehouse
EXPOSE 8000
CMD ["python", "-m", "uvicorn", "api.app:app", "--host", "0.0.0.0", "--port", "8000", \
     "--no-proxy-headers", "--no-access-log"]
