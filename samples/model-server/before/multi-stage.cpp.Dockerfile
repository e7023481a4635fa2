# Two stages, and in the second nothing but what runs.
ARG BASE=debian:12
FROM $BASE AS build
RUN apt-get update \
 && apt-get install -y --no-install-recommends g++ make libxgboost-dev libboost-dev nlohmann-json3-dev
WORKDIR /app
COPY Makefile *.cc *.h digits.ubj ./
RUN make -B

FROM $BASE
RUN apt-get update && apt-get install -y --no-install-recommends libxgboost0 \
 && rm -rf /var/lib/apt/lists/*
COPY --from=build /app/server /app/digits.ubj /app/
WORKDIR /app
EXPOSE 8080
USER 65532:65532
HEALTHCHECK CMD ["./server", "--healthcheck"]
ENTRYPOINT ["./server"]
