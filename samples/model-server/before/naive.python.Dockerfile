# One stage, as a first Dockerfile is written.
ARG BASE=debian:12
FROM $BASE
RUN apt-get update
RUN apt-get install -y python3-xgboost
COPY . /app
WORKDIR /app
EXPOSE 8080
ENTRYPOINT ["python3", "server.py"]
