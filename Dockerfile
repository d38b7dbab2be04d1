# syntax=docker/dockerfile:1
# The program alone, without a shell. A server: docker build -t faqbot . && docker run --rm -p 8080:8080 faqbot
# The chat: docker run --rm -it faqbot chat
FROM rust:1-bookworm AS build
WORKDIR /src
COPY . .
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/src/target \
    cargo build --profile dist --locked && cp target/dist/faqbot /faqbot

FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /faqbot /usr/local/bin/faqbot
COPY --from=build /src/LICENSE-APACHE /src/LICENSE-MIT /usr/share/doc/faqbot/
WORKDIR /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=3s --start-period=10s \
    CMD ["faqbot", "health", "http://127.0.0.1:8080"]
ENTRYPOINT ["faqbot"]
CMD ["serve", "--listen", "0.0.0.0:8080", "--public"]
