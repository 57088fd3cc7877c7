# untone for workers that share a catalogue: docker build -t untone . ; docker run untone s3://bucket/photos/ -R -o ...
# The first stage compiles the kernels, the second has neither compiler nor root. Built on each architecture by itself.
FROM python:3.12-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends g++ && rm -rf /var/lib/apt/lists/*
COPY . /source
RUN python -m venv /untone && /untone/bin/pip install --no-cache-dir '/source[cloud]'

FROM python:3.12-slim
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin untone
COPY --from=build /untone /untone
ENV PATH=/untone/bin:$PATH PYTHONDONTWRITEBYTECODE=1
# A number, as Kubernetes' runAsNonRoot takes no name.
USER 10001
WORKDIR /tmp
ENTRYPOINT ["untone"]
CMD ["--help"]
