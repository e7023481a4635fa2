# One stage, as a first Dockerfile is written.
ARG BASE=debian:12
FROM $BASE
RUN apt-get update
RUN apt-get install -y g++ libxgboost-dev libboost-dev nlohmann-json3-dev
COPY . /app
WORKDIR /app
RUN g++ -std=c++20 -O2 -o server *.cc -lxgboost
EXPOSE 8080
ENTRYPOINT ["./server"]
