# docker build -t altruist-manager .
# docker run --read-only --cap-drop=ALL --security-opt=no-new-privileges -p 8080:8080 -v altruist-manager:/data altruist-manager
ARG DOTNET=10.0

FROM mcr.microsoft.com/dotnet/sdk:${DOTNET} AS build
WORKDIR /source
COPY . .
RUN dotnet publish src/AltruistManager.Web -c Release -o /app -p:RestoreLockedMode=true

FROM mcr.microsoft.com/dotnet/aspnet:${DOTNET}
# SQLite is the system's, so that its fixes come with the base image.
RUN apt-get update \
 && apt-get install -y --no-install-recommends libsqlite3-0 \
 && rm -rf /var/lib/apt/lists/* \
 && mkdir /data && chown $APP_UID /data
COPY --from=build /app /app
# The only place it writes to. The diagnostics socket would be another.
VOLUME /data
WORKDIR /data
ENV Storage__ConnectionString="Data Source=/data/altruist-manager.db" \
    ASPNETCORE_HTTP_PORTS=8080 \
    DOTNET_EnableDiagnostics=0
EXPOSE 8080
USER $APP_UID
ENTRYPOINT ["dotnet", "/app/altruist-manager.dll"]
CMD ["serve"]
