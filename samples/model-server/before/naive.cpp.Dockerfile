# One stage, as a first Dockerfile is written.
ARG BASE=debian:12
FROM $BASE
RUN apt-get update
RUN apt-get install -y g++ make libxgboost-dev libboost-dev nlohmann-json3-dev
COPY . /app
WORKDIR /app
RUN make -B
EXPOSE 8080
ENTRYPOINT ["./server"]
