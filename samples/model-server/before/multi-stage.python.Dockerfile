# Two stages, and in the second nothing but what runs.
ARG BASE=debian:12
FROM $BASE AS build
RUN apt-get update && apt-get install -y --no-install-recommends python3-xgboost
WORKDIR /app
COPY *.py digits.ubj ./
RUN python3 -m compileall -q .

FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends python3-xgboost \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /app /app
WORKDIR /app
EXPOSE 8080
USER 65532:65532
HEALTHCHECK CMD ["python3", "server.py", "--healthcheck"]
ENTRYPOINT ["python3", "server.py"]
