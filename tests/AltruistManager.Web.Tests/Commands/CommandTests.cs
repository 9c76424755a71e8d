using System.Diagnostics;
using System.Net;
using System.Net.Http.Headers;
using AltruistManager.Accounts;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Commands;

/// <summary>The executable as an operator meets it: its words, its exit codes and what it leaves on disk.</summary>
public sealed class CommandTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-command-").FullName;

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string Database => Path.Combine(folder, "data", "altruist-manager.db");

    [Fact]
    public async Task Key_is_made_with_its_database_listed_and_revoked()
    {
        var made = await RunAsync("keys", "create", "--name", "EU gateway", "--scope", "portal", "--expires-days", "30");
        Assert.Equal((0, ""), (made.Code, made.Error));
        Assert.Matches(@"\Aam_[0-9a-f]{16}_[A-Za-z0-9_-]{43}\n\z", made.Output);
        // Relative to where the command runs, not to where the executable lies.
        Assert.True(File.Exists(Database));

        var id = made.Output.Split('_')[1];
        var listed = await RunAsync("keys", "list");
        Assert.Contains(id, listed.Output);
        Assert.Contains("eu-gateway", listed.Output);
        Assert.Contains("good until", listed.Output);
        Assert.DoesNotContain(made.Output.Trim()[^43..], listed.Output);

        Assert.Equal((0, "", ""), await RunAsync("keys", "revoke", id));
        Assert.Contains("revoked", (await RunAsync("keys", "list")).Output);
    }

    [Fact]
    public async Task List_of_keys_tells_when_each_was_used_last()
    {
        await using var app = await AppFixture.StartAsync();
        using (var used = await app.Portal.GetAsync("/api/v1/selections", Cancellation))
            Assert.Equal(HttpStatusCode.OK, used.StatusCode);
        await app.Services.GetRequiredService<KeyUses>().SaveAsync(Cancellation);
        var lines = (await RunAsync("keys", "list", "--Storage:ConnectionString", $"Data Source={app.Folder}/test.db")).Output.Split('\n');
        Assert.Contains("LAST USED", lines[0], StringComparison.Ordinal);
        Assert.Matches(@" good +\d{4}-\d\d-\d\d \d\d:\d\d ", Assert.Single(lines, line => line.Contains(" portal ", StringComparison.Ordinal)));
        Assert.Matches(" good +never ", Assert.Single(lines, line => line.Contains(" staff ", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("keys", "list")]
    [InlineData("keys", "revoke", "x")]
    [InlineData("users", "list")]
    [InlineData("users", "disable", "--email", "anna@acme.example")]
    [InlineData("altruists", "import", "/dev/null")]
    [InlineData("status")]
    [InlineData("hold", "--reason", "r", "--for", "1h")]
    [InlineData("pin", "--altruist", "x", "--reason", "r", "--for", "1h")]
    public async Task Only_create_makes_a_database(params string[] command)
    {
        var run = await RunAsync(command);
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Matches(@"\AThere is no database at .*\n\z", run.Error);
        Assert.False(Directory.Exists(Path.Combine(folder, "data")));
    }

    [Fact]
    public async Task Key_that_does_not_exist_cannot_be_revoked()
    {
        await RunAsync("keys", "create", "--name", "x", "--scope", "staff");
        Assert.Equal((1, "", "There is no key x.\n"), await RunAsync("keys", "revoke", "x"));
    }

    [Fact]
    public async Task User_is_made_with_its_database_given_roles_one_by_one_and_disabled()
    {
        var made = await RunWithInputAsync("nine green herons\n", "users", "create", "--email", "anna@acme.example", "--role", "provider", "--provider", "acme");
        Assert.Equal((0, "anna@acme.example may change the things of acme.\n"), (made.Code, made.Output));
        Assert.Contains("no provider acme yet", made.Error);
        Assert.True(File.Exists(Database));

        var again = await RunWithInputAsync("", "users", "create", "--email", "Anna@Acme.Example", "--role", "viewer", "--provider", "helios");
        Assert.Equal((0, "anna@acme.example may look at the things of helios.\n"), (again.Code, again.Output));
        Assert.Equal((1, "", "This user may look at the things of helios already.\n"), await RunWithInputAsync("", "users", "create", "--email", "anna@acme.example", "--role", "viewer", "--provider", "helios"));
        Assert.Matches(@"\Aanna@acme\.example  user  password only  never here\n\z", (await RunAsync("users", "list")).Output);

        Assert.Equal((0, "", ""), await RunWithInputAsync("seven grey herons\n", "users", "reset-password", "--email", "anna@acme.example"));
        var weak = await RunWithInputAsync("password123\n", "users", "reset-password", "--email", "anna@acme.example");
        Assert.Equal((1, "This password is one of those that are guessed first: choose another.\n"), (weak.Code, weak.Error));
        Assert.Equal((1, "", "There is no user bob@acme.example.\n"), await RunAsync("users", "disable", "--email", "bob@acme.example"));
        Assert.Equal((0, "", ""), await RunAsync("users", "disable", "--email", "anna@acme.example"));
        Assert.Contains("disabled", (await RunAsync("users", "list")).Output);
    }

    [Theory]
    [InlineData("nonsense")]
    [InlineData("users")]
    [InlineData("users", "create", "--email", "anna@acme.example")]
    [InlineData("users", "create", "--email", "anna", "--role", "staff")]
    [InlineData("users", "create", "--email", "anna@acme.example", "--role", "king")]
    [InlineData("users", "create", "--email", "anna@acme.example", "--role", "viewer")]
    [InlineData("users", "create", "--email", "anna@acme.example", "--role", "staff", "--provider", "acme")]
    [InlineData("users", "reset-password")]
    [InlineData("serve", "nonsense")]
    [InlineData("--urls")]
    [InlineData("keys")]
    [InlineData("keys", "create", "--name", "x")]
    [InlineData("keys", "create", "--name", "x", "--scope", "king")]
    [InlineData("keys", "create", "--name", "x", "--scope", "provider")]
    [InlineData("keys", "create", "--name", "x", "--scope", "staff", "--provider", "acme")]
    [InlineData("keys", "create", "--name", "x", "--scope", "portal", "--expires-days", "0")]
    [InlineData("keys", "create", "--name", "x", "--scope", "portal", "--expires-days", "soon")]
    [InlineData("keys", "revoke")]
    [InlineData("verify", "--url", "http://localhost", "--file", "x")]
    [InlineData("verify", "--url", "nonsense")]
    [InlineData("verify", "--from", "yesterday")]
    [InlineData("verify", "--head", "123")]
    [InlineData("verify", "--key", "mine")]
    [InlineData("signing-key")]
    [InlineData("pin", "--altruist", "x", "--for", "1h")]
    [InlineData("pin", "--altruist", "x", "--reason", "r")]
    [InlineData("pin", "--altruist", "x", "--reason", "r", "--for", "soon")]
    [InlineData("exclude", "--altruist", "x", "--reason", "r", "--for", "1h", "--until", "2999-01-01T00:00:00Z")]
    [InlineData("hold", "--reason", "r", "--until", "tomorrow")]
    [InlineData("hold", "--reason", "r", "--for", "400d")]
    [InlineData("status", "nonsense")]
    [InlineData("chains")]
    [InlineData("altruists", "import")]
    [InlineData("altruists", "import", "one.csv", "two.csv")]
    public async Task Wrong_usage_is_2_with_one_line(params string[] command)
    {
        var run = await RunAsync(command);
        Assert.Equal((2, ""), (run.Code, run.Output));
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
        Assert.False(File.Exists(Database));
    }

    [Fact]
    public async Task Files_of_chains_and_altruists_are_tried_imported_and_imported_again()
    {
        await RunAsync("keys", "create", "--name", "x", "--scope", "staff");
        await WriteAsync("chains.csv", "id,name\n0021,Ethereum\n0009,\n");
        var tried = await RunAsync("chains", "import", "chains.csv", "--dry-run");
        Assert.Equal((0, ""), (tried.Code, tried.Error));
        Assert.EndsWith("Would import: 2 new, 0 changed, 0 unchanged.\n", tried.Output, StringComparison.Ordinal);
        Assert.Contains("new  Ethereum  0021\n  name: Ethereum\n  network: evm:1\n", tried.Output, StringComparison.Ordinal);
        Assert.EndsWith("Imported: 2 new, 0 changed, 0 unchanged.\n", (await RunAsync("chains", "import", "chains.csv")).Output, StringComparison.Ordinal);
        Assert.Equal((0, "Imported: 0 new, 0 changed, 2 unchanged.\n", ""), await RunAsync("chains", "import", "chains.csv"));

        // A provider has to be there, addresses of this machine are for those alone that are told so, and secrets are for nobody.
        await WriteAsync("altruists.csv", "provider,url,chains,authType,authSecret\nacme,http://127.0.0.1:8545/path-of-its-own,0021,bearer,s3cr3t\n");
        var refused = await RunAsync("altruists", "import", "altruists.csv");
        Assert.Equal(
            (1, "", "line 2, provider: 'acme' is not a provider\nline 2, url: must start with https:// (http is not allowed here)\nNothing was imported: 0 new, 0 changed, 0 unchanged, 1 wrong.\n"),
            refused);
        Assert.Equal(1, (await RunAsync("altruists", "import", "missing.csv")).Code);
        await WriteAsync("large.csv", new string('x', 17 * 1024 * 1024));
        Assert.Equal((1, "", "large.csv has 17,408 KB, and 16,384 KB at most are taken: part it.\n"), await RunAsync("altruists", "import", "large.csv"));
        Assert.StartsWith("Probing:AllowHttp", (await RunAsync("altruists", "import", "altruists.csv", "--Probing:AllowHttp", "perhaps")).Error, StringComparison.Ordinal);
        string[] import = ["altruists", "import", "altruists.csv", "--Probing:AllowHttp", "true", "--Probing:AllowedPrivateNetworks:0", "127.0.0.0/8"];
        await WithServiceAsync(async staff =>
        {
            Assert.True((await staff.PutAsJsonAsync("/api/v1/providers/acme", new { }, Cancellation)).IsSuccessStatusCode);
            var made = await RunAsync(import);
            Assert.Equal((0, ""), (made.Code, made.Error));
            Assert.Contains("  url: 127.0.0.1:8545/…-own\n", made.Output, StringComparison.Ordinal);
            Assert.DoesNotContain("s3cr3t", made.Output, StringComparison.Ordinal);
            await Wait.UntilAsync("the running service knows it", async () => (await staff.GetJsonAsync("/api/v1/altruists", Cancellation)).GetProperty("items").GetArrayLength() == 1);
        });
        Assert.Equal((0, "Imported: 0 new, 0 changed, 1 unchanged.\n", ""), await RunAsync(import));
    }

    [Fact]
    public async Task Bad_configuration_stops_the_start_and_names_every_bad_value()
    {
        var run = await RunAsync("--Probing:Interval", "5", "--Health:Fall=0", "--Selection:Windov", "01:00:00");
        Assert.Equal((1, ""), (run.Code, run.Output));
        var lines = run.Error.TrimEnd('\n').Split('\n');
        Assert.Equal(3, lines.Length);
        Assert.StartsWith("Probing:Interval", lines[0]);
        Assert.Contains(lines, line => line.StartsWith("Health:Fall", StringComparison.Ordinal));
        Assert.Contains(lines, line => line.StartsWith("Selection:Windov", StringComparison.Ordinal));
        Assert.False(File.Exists(Database));
    }

    [Fact]
    public async Task Taken_port_ends_the_start_with_one_line()
    {
        using var taken = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        taken.Start();
        var run = await RunAsync("serve", "--urls", $"http://127.0.0.1:{((IPEndPoint)taken.LocalEndpoint).Port}", "--Logging:LogLevel:Default", "None");
        Assert.Equal(1, run.Code);
        Assert.Single(run.Error.TrimEnd('\n').Split('\n'));
    }

    [Fact]
    public async Task Running_service_takes_a_key_at_once_and_ends_well_when_told_to()
    {
        var start = Start("--urls", "http://127.0.0.1:0");
        start.Environment["Selection__Interval"] = "00:00:07";
        using var service = Process.Start(start)!;
        string? line;
        do
        {
            line = await service.StandardOutput.ReadLineAsync(Cancellation);
        }
        while (line is not null && !line.Contains("Now listening on: ", StringComparison.Ordinal));

        Assert.NotNull(line);
        using var client = new HttpClient { BaseAddress = new Uri(line[line.IndexOf("http:", StringComparison.Ordinal)..]) };
        var key = (await RunAsync("keys", "create", "--name", "x", "--scope", "portal")).Output.Trim();
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/api/v1/selections", Cancellation)).StatusCode);

        await RunAsync("keys", "revoke", key.Split('_')[1]);
        await Wait.UntilAsync("the key is refused", async () => (await client.GetAsync("/api/v1/selections", Cancellation)).StatusCode is HttpStatusCode.Unauthorized);

        using var kill = Process.Start("kill", ["-TERM", $"{service.Id}"]);
        await service.WaitForExitAsync(Cancellation);
        Assert.Equal(0, service.ExitCode);
    }

    [Fact]
    public async Task Log_is_verified_in_the_database_at_the_service_and_from_a_file_and_what_was_changed_is_named()
    {
        var start = Start("--urls", "http://127.0.0.1:0");
        start.Environment["Limits__AnonymousRequestsPerSecond"] = "3";
        start.Environment["Selection__Interval"] = start.Environment["Selection__Window"] = AppFixture.FarRounds;
        using var service = Process.Start(start)!;
        try
        {
            string? line;
            do
            {
                line = await service.StandardOutput.ReadLineAsync(Cancellation);
            }
            while (line is not null && !line.Contains("Now listening on: ", StringComparison.Ordinal));
            Assert.NotNull(line);
            var url = line[line.IndexOf("http:", StringComparison.Ordinal)..];
            var key = (await RunAsync("keys", "create", "--name", "x", "--scope", "staff")).Output.Trim();
            using var staff = new HttpClient { BaseAddress = new Uri(url), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
            Assert.True((await staff.PutAsJsonAsync("/api/v1/chains/0021", new { }, Cancellation)).IsSuccessStatusCode);
            for (var round = 0; round < 4; round++)
                Assert.True((await staff.PostAsync("/api/v1/rounds", null, Cancellation)).IsSuccessStatusCode);
            var rotated = await RunAsync("signing-key", "rotate");
            Assert.Matches(@"\A[0-9a-f]{64}\n\z", rotated.Output);
            Assert.True((await staff.PostAsync("/api/v1/rounds", null, Cancellation)).IsSuccessStatusCode);

            var here = await RunAsync("verify");
            Assert.Equal((0, ""), (here.Code, here.Error));
            Assert.Matches(@"\AVerified \d+ entries, \d+ \(.* UTC\) to \d+ \(.* UTC\): \d+ replayed with \d+ decisions\.\nOrigin .*, head [0-9a-f]{64}, signed by [0-9a-f]{64}\.\n\z", here.Output);
            Assert.Contains(rotated.Output.Trim(), here.Output, StringComparison.Ordinal);
            Assert.Equal(here, await RunAsync("verify", "--key", rotated.Output.Trim(), "--head", here.Output[(here.Output.IndexOf("head ", StringComparison.Ordinal) + 5)..][..64]));
            Assert.Equal((1, ""), await RunAsync("verify", "--key", new string('0', 64)) is var stranger ? (stranger.Code, stranger.Output) : default);
            // The service allows three requests a second: it takes its time.
            Assert.Equal(here, await RunAsync("verify", "--url", url, "--save", "log.jsonl"));
            Assert.Equal(here, await RunAsync("verify", "--file", "log.jsonl"));
        }
        finally
        {
            service.Kill();
            await service.WaitForExitAsync(Cancellation);
        }

        var file = Path.Combine(folder, "log.jsonl");
        await File.WriteAllTextAsync(file, (await File.ReadAllTextAsync(file, Cancellation)).Replace("trigger manual", "trigger startup", StringComparison.Ordinal), Cancellation);
        var changed = await RunAsync("verify", "--file", "log.jsonl");
        Assert.Equal((1, ""), (changed.Code, changed.Output));
        Assert.Matches(@"\AEntry \d+: trigger: expected manual, as its body says, found startup\.\n\z", changed.Error);
        Assert.Matches(@"\Amissing\.jsonl cannot be read: .*\n\z", (await RunAsync("verify", "--file", "missing.jsonl")).Error);
        Assert.Equal(1, (await RunAsync("verify", "--url", "http://127.0.0.1:1")).Code);
    }

    public void Dispose() => Directory.Delete(folder, recursive: true);

    private Task WriteAsync(string file, string content) => File.WriteAllTextAsync(Path.Combine(folder, file), content, Cancellation);

    /// <param name="act">What a staff key does while the service runs.</param>
    private async Task WithServiceAsync(Func<HttpClient, Task> act)
    {
        var key = (await RunAsync("keys", "create", "--name", "service", "--scope", "staff")).Output.Trim();
        using var service = Process.Start(Start("--urls", "http://127.0.0.1:0"))!;
        try
        {
            string? line;
            do
            {
                line = await service.StandardOutput.ReadLineAsync(Cancellation);
            }
            while (line is not null && !line.Contains("Now listening on: ", StringComparison.Ordinal));

            Assert.NotNull(line);
            using var staff = new HttpClient { BaseAddress = new Uri(line[line.IndexOf("http:", StringComparison.Ordinal)..]), DefaultRequestHeaders = { Authorization = new AuthenticationHeaderValue("Bearer", key) } };
            await act(staff);
        }
        finally
        {
            service.Kill();
            await service.WaitForExitAsync(Cancellation);
        }
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunWithInputAsync("", arguments);

    private async Task<(int Code, string Output, string Error)> RunWithInputAsync(string input, params string[] arguments)
    {
        var start = Start(arguments);
        start.RedirectStandardInput = true;
        using var process = Process.Start(start)!;
        await process.StandardInput.WriteAsync(input.AsMemory(), Cancellation);
        process.StandardInput.Close();
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }

    private ProcessStartInfo Start(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Checkout.Service, .. arguments]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false };
        foreach (var name in start.Environment.Keys.Where(name => name.StartsWith("ASPNETCORE_", StringComparison.Ordinal) || name.StartsWith("DOTNET_ENV", StringComparison.Ordinal)).ToList())
            start.Environment.Remove(name);
        return start;
    }
}
