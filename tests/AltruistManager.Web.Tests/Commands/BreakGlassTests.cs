using System.Diagnostics;
using System.Text.RegularExpressions;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Storage;
using AltruistManager.Web.Tests.EndToEnd;

namespace AltruistManager.Web.Tests.Commands;

/// <summary>Break-glass commands of the real executable on the database of a running service, and on what it leaves.</summary>
public sealed class BreakGlassTests(AppWithPicks picks) : IClassFixture<AppWithPicks>
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_running_service_acts_within_a_second_or_two_and_status_shows_it()
    {
        var pinned = await picks.PickAsync() == "two" ? "one" : "two";
        var made = await RunAsync("pin", "--altruist", pinned, "--chain", "eth", "--region", "us-east", "--for", "1h", "--reason", "an incident", "--note", "secret note");
        Assert.Equal((0, ""), (made.Code, made.Error));
        var id = made.Output.Trim();
        await Wait.UntilAsync("the pin rules", async () => await picks.PickAsync() == pinned);
        var listed = (await picks.App.Staff.GetJsonAsync("/api/v1/overrides", Cancellation)).GetProperty("items")[0];
        Assert.Equal((id, "an incident", "secret note"), (listed.GetProperty("id").GetString(), listed.GetProperty("reason").GetString(), listed.GetProperty("note").GetString()));
        Assert.Equal("command:operator", listed.GetProperty("createdBy").GetString());

        var hold = (await RunAsync("hold", "--chain", "0021", "--until", "2030-01-01T00:00:00Z".Replace("2030", $"{TimeProvider.System.GetUtcNow().Year + 1}", StringComparison.Ordinal), "--reason", "and a hold")).Output.Trim();
        Assert.Equal("", hold[36..]);
        await (await picks.App.Staff.PostAsJsonAsync($"/api/v1/altruists/{picks.Altruists["three"]}/drain", new { reason = "new disks" }, Cancellation)).ReadJsonAsync(Cancellation);
        var status = await RunAsync("status");
        Assert.Equal((0, ""), (status.Code, status.Error));
        Assert.Matches($@"(?m)^0021 +us-east +override +{pinned} \(acme\) ", status.Output);
        Assert.Contains($"{id}  pin {pinned} (acme) for 0021 in us-east, until ", status.Output, StringComparison.Ordinal);
        Assert.Contains($"{hold}  hold for 0021 in every region, until ", status.Output, StringComparison.Ordinal);
        Assert.Contains("three (bolt) from ", status.Output, StringComparison.Ordinal);
        Assert.Contains("last-good file: generation ", status.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("secret note", status.Output, StringComparison.Ordinal);

        Assert.Equal((0, "", ""), await RunAsync("pin", "--end", id));
        Assert.Equal((1, "", $"There is no pin {id} in force.\n"), await RunAsync("pin", "--end", id));
        Assert.Equal((0, "", ""), await RunAsync("hold", "--end", hold));
        await Wait.UntilAsync("the pin is over", async () =>
            (await picks.App.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("state").GetString() == "fresh");
        await picks.App.Staff.PostAsync($"/api/v1/altruists/{picks.Altruists["three"]}/resume", null, Cancellation);
    }

    [Fact]
    public async Task A_provider_is_excluded_everywhere_and_revoked()
    {
        var id = (await RunAsync("exclude", "--provider", "acme", "--for", "90s", "--reason", "an incident", "--revoke")).Output.Trim();
        await Wait.UntilAsync("all of acme is revoked", async () =>
            (await picks.App.Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation)).GetProperty("revoked").GetArrayLength() == 2);
        Assert.Equal("three", await picks.PickAsync());
        Assert.Equal((1, "", $"There is no pin {id} in force.\n"), await RunAsync("pin", "--end", id));
        Assert.Equal((0, "", ""), await RunAsync("exclude", "--end", id));
        await Wait.UntilAsync("the exclusion is over", async () =>
            (await picks.App.Portal.GetJsonAsync("/api/v1/selections?region=us-east", Cancellation)).GetProperty("revoked").GetArrayLength() == 0);
    }

    [Fact]
    public async Task A_pin_of_one_that_is_not_eligible_is_made_with_a_warning()
    {
        var altruist = picks.Altruists["two"];
        // What the running service finds meanwhile, as by its first sweep, is not written.
        var database = picks.App.Services.GetRequiredService<Database>();
        await database.WriteAsync(
            async write =>
            {
                await SayAsync(write, "down", "refuses connections");
                await write.ExecuteAsync("create trigger kept before update on verdicts begin select raise(ignore); end");
            },
            Cancellation);
        (int Code, string Output, string Error) made;
        try
        {
            made = await RunAsync("pin", "--altruist", "two", "--chain", "eth", "--for", "1h", "--reason", "r");
        }
        finally
        {
            await database.WriteAsync(
                async write =>
                {
                    await write.ExecuteAsync("drop trigger kept");
                    await SayAsync(write, "healthy", "healthy");
                },
                Cancellation);
        }

        await RunAsync("pin", "--end", made.Output.Trim());
        Assert.Equal((0, "It is not eligible now (down: refuses connections): without --force the pin rules only once it is.\n"), (made.Code, made.Error));

        Task SayAsync(WriteTransaction write, string state, string reason) =>
            write.ExecuteAsync("update verdicts set state = @state, reason = @reason where altruist_id = @altruist", new { state, reason, altruist });
    }

    [Fact]
    public async Task One_that_a_file_switches_on_shows_the_running_service_anew_that_it_is_well()
    {
        var id = picks.Altruists["three"];
        var board = picks.App.Services.GetRequiredService<HealthBoard>();
        await (await picks.App.Staff.PatchAsJsonAsync($"/api/v1/altruists/{id}", new { enabled = false }, Cancellation)).ReadJsonAsync(Cancellation);
        var before = board[new AltruistId(id)];
        await File.WriteAllTextAsync(Path.Combine(picks.App.Folder, "altruists.csv"), $"id,enabled\n{id},true\n", Cancellation);
        var run = await RunAsync("altruists", "import", "altruists.csv");
        Assert.Equal((0, ""), (run.Code, run.Error));
        await Wait.UntilAsync("its health began anew", () => Task.FromResult(board[new AltruistId(id)].Since > before.Since));
        await Wait.UntilAsync("it is well", () => Task.FromResult(board[new AltruistId(id)].State == VerdictState.Healthy));
    }

    [Fact]
    public async Task What_names_nothing_is_refused_with_one_line_for_all_of_it()
    {
        var run = await RunAsync("pin", "--altruist", "nobody", "--chain", "nowhere", "--region", "mars", "--revoke", "--note", "a\tb", "--for", "1h", "--reason", "r");
        Assert.Equal((1, ""), (run.Code, run.Output));
        Assert.Equal(
            "--altruist names no altruist: 'nobody'. --chain names no chain: 'nowhere'. --note must not hold control characters. --region names no region: 'mars'. --revoke goes with an exclusion only.\n", run.Error);
    }

    [Fact]
    public async Task Without_its_database_status_tells_what_the_last_good_file_holds()
    {
        var copy = Directory.CreateTempSubdirectory("altruist-manager-status-").FullName;
        try
        {
            var file = Path.Combine(picks.App.Folder, "last-good.json");
            Directory.CreateDirectory(Path.Combine(copy, "keys"));
            foreach (var key in Directory.GetFiles(Path.Combine(picks.App.Folder, "keys")))
                File.Copy(key, Path.Combine(copy, "keys", Path.GetFileName(key)));
            // It is written a moment after the picks are made.
            var told = (Code: -1, Output: "", Error: "");
            await Wait.UntilAsync("the last-good file holds the picks", async () =>
            {
                if (!File.Exists(file))
                    return false;
                File.Copy(file, Path.Combine(copy, "last-good.json"), overwrite: true);
                told = await RunIn(copy, "status");
                return Regex.IsMatch(told.Output, @"(?m)^0021 +us-east +\w+ +((one|two) \(acme\)|three \(bolt\))");
            });
            Assert.Equal(0, told.Code);
            Assert.Contains("What follows is what the last-good file tells.", told.Error, StringComparison.Ordinal);
        }
        finally
        {
            Directory.Delete(copy, recursive: true);
        }
    }

    private Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments) => RunIn(picks.App.Folder, arguments);

    private static async Task<(int Code, string Output, string Error)> RunIn(string folder, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet", [Checkout.Service, .. arguments, "--Storage:ConnectionString", $"Data Source={folder}/test.db"])
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, UseShellExecute = false,
        };
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync(Cancellation);
        var error = process.StandardError.ReadToEndAsync(Cancellation);
        await process.WaitForExitAsync(Cancellation);
        return (process.ExitCode, await output, await error);
    }
}
