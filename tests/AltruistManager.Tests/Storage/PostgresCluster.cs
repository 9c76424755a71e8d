using System.Diagnostics;
using Npgsql;

[assembly: AssemblyFixture(typeof(AltruistManager.Tests.Storage.PostgresCluster))]

namespace AltruistManager.Tests.Storage;

/// <summary>
/// A PostgreSQL server of this test run's own, started when the first test wants it. It lives under a shell that waits for the end of
/// its standard input, so that it stops and its files go even when the test process is killed.
/// </summary>
public sealed class PostgresCluster : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(4);

    // A socket's path may have 107 characters at most: not below the test's own folder.
    private readonly string folder = $"/tmp/altruist-manager-pg-{Environment.ProcessId}-{Path.GetRandomFileName()}";
    private readonly SemaphoreSlim gate = new(1, 1);
    private Process? shell;
    private int databases;

    /// <summary>Makes an empty schema, which is as good as a database of its own and made ten times faster, and returns the connection string that leads there.</summary>
    public async Task<string> CreateDatabaseAsync(CancellationToken cancellation)
    {
        await StartAsync(cancellation);
        var name = $"test_{Interlocked.Increment(ref databases)}";
        await using var source = NpgsqlDataSource.Create(ConnectionString("public"));
        await using var command = source.CreateCommand($"create schema {name}");
        await command.ExecuteNonQueryAsync(cancellation);
        return ConnectionString(name);
    }

    public async ValueTask DisposeAsync()
    {
        if (shell is not null)
        {
            NpgsqlConnection.ClearAllPools();
            shell.StandardInput.Close();
            await shell.WaitForExitAsync();
            shell.Dispose();
        }

        gate.Dispose();
    }

    // Every schema has a pool of its own: idle connections go at once. Nothing is given up because this machine is busy.
    private string ConnectionString(string schema) =>
        $"Host={folder};Username=postgres;Database=postgres;Search Path={schema};Maximum Pool Size=20;Connection Idle Lifetime=2;Connection Pruning Interval=1;Timeout=120;Command Timeout=120;Include Error Detail=true";

    private async Task StartAsync(CancellationToken cancellation)
    {
        await gate.WaitAsync(cancellation);
        try
        {
            if (shell is not null)
                return;

            var start = new ProcessStartInfo("/bin/sh")
            {
                UseShellExecute = false,
                RedirectStandardInput = true,
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                ArgumentList = { "-c", Script, "postgres-cluster", folder, Binaries(), Environment.IsPrivilegedProcess ? "setpriv --reuid=postgres --regid=postgres --clear-groups" : "" },
            };
            var process = Process.Start(start)!;
            var ready = await process.StandardOutput.ReadLineAsync(cancellation).AsTask().WaitAsync(Patience, cancellation);
            if (ready != "ready")
                throw new InvalidOperationException($"PostgreSQL did not start: {await process.StandardError.ReadToEndAsync(cancellation)}");
            shell = process;
        }
        finally
        {
            gate.Release();
        }
    }

    private static string Binaries() =>
        Directory.Exists("/usr/lib/postgresql")
            ? Directory.GetDirectories("/usr/lib/postgresql").Select(version => Path.Combine(version, "bin")).Where(Directory.Exists)
                .MaxBy(path => int.Parse(Path.GetFileName(Path.GetDirectoryName(path)!)))
              ?? throw new InvalidOperationException("PostgreSQL's server is not installed (Debian: apt-get install postgresql).")
            : throw new InvalidOperationException("PostgreSQL's server is not installed (Debian: apt-get install postgresql).");

    // Nothing needs to survive a crash here, so nothing waits for a disk. The server refuses to run as root.
    private const string Script =
        """
        folder=$1 bin=$2 as=$3
        trap '' INT TERM HUP
        mkdir -m 700 "$folder" && { [ -z "$as" ] || chown postgres "$folder"; } || exit 1
        finish() { [ -z "$pid" ] || { kill -INT "$pid"; wait "$pid"; } 2>/dev/null; rm -rf "$folder"; exit $1; }
        cd "$folder"
        $as "$bin/initdb" -D "$folder/data" -U postgres -A trust --no-sync --no-instructions -E UTF8 --locale=C >&2 </dev/null || finish 1
        $as "$bin/postgres" -D "$folder/data" -k "$folder" -c listen_addresses= -c fsync=off -c synchronous_commit=off \
            -c full_page_writes=off -c max_connections=400 -c shared_buffers=32MB >"$folder/log" 2>&1 </dev/null &
        pid=$!
        until "$bin/pg_isready" -q -h "$folder"; do
            kill -0 "$pid" 2>/dev/null || { cat "$folder/log" >&2; pid=; finish 1; }
            sleep 0.05
        done
        exec 2>/dev/null
        echo ready
        while read -r line; do :; done
        finish 0
        """;
}
