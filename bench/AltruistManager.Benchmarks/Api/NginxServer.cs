using System.Diagnostics;
using System.Net;
using System.Net.Sockets;

namespace AltruistManager.Benchmarks.Api;

/// <summary>nginx serving the recorded body from a file.</summary>
internal static class NginxServer
{
    public static Task<ServerProcess> StartAsync(RecordedAnswer answer, string folder, CancellationToken cancellation)
    {
        var file = Path.Combine(folder, "answer.json");
        File.WriteAllBytes(file, answer.Body);
        var port = FreePort();
        var headers = string.Concat(answer.Headers
            .Where(header => !header.Key.Equals("Content-Type", StringComparison.OrdinalIgnoreCase) && !header.Key.Equals("ETag", StringComparison.OrdinalIgnoreCase))
            .Select(header => $"add_header {header.Key} '{header.Value}';\n"));
        var configuration = Path.Combine(folder, "nginx.conf");

        // Run by root it would drop to a user who may not read the folder.
        var user = Environment.IsPrivilegedProcess ? "user root;" : "";
        File.WriteAllText(configuration, $$"""
            {{user}}
            worker_processes 1;
            pid {{folder}}/nginx.pid;
            error_log stderr crit;
            events { worker_connections 1024; }
            http {
                access_log off;
                sendfile on;
                tcp_nodelay on;
                keepalive_requests 1000000000;
                open_file_cache max=10 inactive=1h;
                server {
                    listen 127.0.0.1:{{port}};
                    root {{folder}};
                    default_type application/json;
                    {{headers}}
                    location / { try_files /answer.json =404; }
                }
            }
            """);
        var start = new ProcessStartInfo("/usr/sbin/nginx") { ArgumentList = { "-p", folder, "-c", configuration, "-g", "daemon off;" } };
        return ServerProcess.StartAsync("nginx", start, new Uri($"http://127.0.0.1:{port}"), cancellation);
    }

    private static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }
}
