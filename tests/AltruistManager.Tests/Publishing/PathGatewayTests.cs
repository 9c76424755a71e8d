using AltruistManager.Publishing;
using YamlDotNet.RepresentationModel;

namespace AltruistManager.Tests.Publishing;

/// <summary>The configuration of a PATH gateway, and the command after a change.</summary>
public sealed class PathGatewayTests : IAsyncDisposable
{
    private const string Template =
        """
        # kept in the template
        full_node_config: {rpc_url: "http://node:26657", lazy_mode: false}
        gateway_config:
          gateway_mode: "centralized"
          gateway_private_key_hex: "0000000000000000000000000000000000000000000000000000000000000001"
          service_fallback:
            - service_id: eth
              send_all_traffic: true
              fallback_endpoints:
                - default_url: https://in-template.example
            - service_id: eth
              fallback_endpoints: []
            - service_id: foreign
              send_all_traffic: false
              fallback_endpoints:
                - default_url: https://foreign.example
        """;

    private readonly string folder = Directory.CreateTempSubdirectory("altruist-manager-").FullName;
    private readonly PublishingScene scene = new();

    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    private string File => Path.Combine(folder, "config.yaml");

    private string Ran => Path.Combine(folder, "ran");

    public async ValueTask DisposeAsync()
    {
        await scene.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task All_who_may_serve_stand_in_the_form_that_the_gateway_reads_and_the_rest_stays()
    {
        await System.IO.File.WriteAllTextAsync(Path.Combine(folder, "template.yaml"), Template, Cancellation);
        var runner = scene
            .Eligible("0021", PublishingScene.Altruist("b", urls: ("websocket", "wss://b.example/ws")), PublishingScene.Altruist("a"), PublishingScene.Altruist("c", auth: "bearer"))
            .Eligible("cosmos", PublishingScene.Altruist("d", urls: [("rest", "https://d.example/rest"), ("cometbft", "https://d.example/comet")]))
            .Start(Options(options => options.Template = Path.Combine(folder, "template.yaml"), ("0021", "eth"), ("cosmos", "osmosis")));

        Assert.True(await runner.TryAsync(Cancellation));
        var written = Read();
        Assert.Equal("centralized", written["gateway_config"]["gateway_mode"].ToString());
        Assert.Equal("http://node:26657", written["full_node_config"]["rpc_url"].ToString());
        var fallback = (YamlSequenceNode)written["gateway_config"]["service_fallback"];
        Assert.Equal(["eth", "foreign", "osmosis"], fallback.Select(entry => entry["service_id"].ToString()));
        Assert.Equal(["true", "false", "false"], fallback.Select(entry => entry["send_all_traffic"].ToString()));
        Assert.Equal(
            """
            [{"default_url":"https://a.example/rpc","json_rpc":"https://a.example/rpc"},{"default_url":"https://b.example/rpc","json_rpc":"https://b.example/rpc","websocket":"wss://b.example/ws"}]
            """.Trim(),
            Json(fallback[0]["fallback_endpoints"]));
        Assert.Equal(
            """[{"default_url":"https://d.example/rpc","json_rpc":"https://d.example/rpc","rest":"https://d.example/rest","comet_bft":"https://d.example/comet"}]""",
            Json(fallback[2]["fallback_endpoints"]));
        Assert.Contains("  send_all_traffic: false\n", await System.IO.File.ReadAllTextAsync(File, Cancellation), StringComparison.Ordinal);
        Assert.Equal("https://foreign.example", fallback[1]["fallback_endpoints"][0]["default_url"].ToString());
        Assert.Equal(("c", "the target cannot carry bearer credentials"), runner.Status.LeftOut.Select(left => (left.Altruist, left.Reason)).Single());
        Assert.Equal("", new string([.. Directory.GetFiles(folder, "*.new").SelectMany(name => name)]));
        Assert.Equal(UnixFileMode.UserRead | UnixFileMode.UserWrite, System.IO.File.GetUnixFileMode(File));
    }

    [Fact]
    public async Task The_form_by_service_is_written_where_the_service_is_and_never_adds_one()
    {
        await System.IO.File.WriteAllTextAsync(File, "gateway_config:\n  services:\n    - id: eth\n      type: evm\n    - id: base\n      fallback: {enabled: false, send_all_traffic: true}\n", Cancellation);
        System.IO.File.SetUnixFileMode(File, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead);
        scene.Eligible("0021", PublishingScene.Altruist("a")).Eligible("0079", PublishingScene.Altruist("b"));
        Assert.True(await scene.Start(Options(options => options.Form = "services", ("0021", "eth"), ("0079", "base"))).TryAsync(Cancellation));
        var services = Read()["gateway_config"]["services"];
        Assert.Equal("""{"enabled":"true","send_all_traffic":"false","endpoints":[{"default_url":"https://a.example/rpc","json_rpc":"https://a.example/rpc"}]}""", Json(services[0]["fallback"]));
        Assert.Equal("""{"enabled":"true","send_all_traffic":"true","endpoints":[{"default_url":"https://b.example/rpc","json_rpc":"https://b.example/rpc"}]}""", Json(services[1]["fallback"]));
        Assert.True(System.IO.File.GetUnixFileMode(File).HasFlag(UnixFileMode.GroupRead), "whoever could read the file before still can");

        var runner = scene.Start(Options(options => options.Form = "services", ("0021", "eth"), ("0079", "polygon")));
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal("gateway_config.services has no 'polygon'", runner.Status.State.Error);
    }

    [Fact]
    public async Task Membership_is_written_at_most_every_half_hour_but_who_falls_is_out_after_a_minute()
    {
        var options = Options(options => options.Command = ["/bin/sh", "-c", $"echo ran >> {Ran}"], ("0021", "eth"));
        var runner = scene.Eligible("0021", PublishingScene.Altruist("a"), PublishingScene.Altruist("b")).Start(options);
        await StepAsync(runner, "a b", runs: 1);

        // The pick changes, membership does not: no restart.
        scene.Pick("0021", PublishingScene.Json("b"));
        await StepAsync(runner, "a b", runs: 1);
        Assert.Equal(scene.Generation, runner.Status.State.Confirmed!.Value.Generation);

        scene.Eligible("0021", PublishingScene.Altruist("a"), PublishingScene.Altruist("b"), PublishingScene.Altruist("c"));
        scene.Clock.Advance(TimeSpan.FromMinutes(29));
        await StepAsync(runner, "a b", runs: 1);
        Assert.Equal(scene.Clock.GetUtcNow().AddMinutes(1), runner.Status.WaitsUntil);
        Assert.Null(runner.Status.State.BehindSince);

        // The waiting outlives the process.
        runner = scene.Start(options);
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await StepAsync(runner, "a b c", runs: 2);
        Assert.Null(runner.Status.WaitsUntil);

        scene.Eligible("0021", PublishingScene.Altruist("b"), PublishingScene.Altruist("c"));
        await StepAsync(runner, "a b c", runs: 2);
        scene.Clock.Advance(TimeSpan.FromSeconds(50));
        await StepAsync(runner, "a b c", runs: 2);

        // Back in time: it never left.
        scene.Eligible("0021", PublishingScene.Altruist("a"), PublishingScene.Altruist("b"), PublishingScene.Altruist("c"));
        await StepAsync(runner, "a b c", runs: 2);
        scene.Eligible("0021", PublishingScene.Altruist("b"), PublishingScene.Altruist("c"));
        scene.Clock.Advance(TimeSpan.FromSeconds(30));
        await StepAsync(runner, "a b c", runs: 2);
        scene.Clock.Advance(TimeSpan.FromSeconds(60));
        await StepAsync(runner, "b c", runs: 3);
    }

    [Fact]
    public async Task Where_only_picks_are_known_a_pick_that_moves_on_waits_and_a_revoked_one_does_not()
    {
        scene.KnowsEligible = false;
        var runner = scene.Pick("0021", PublishingScene.Json("a"), PublishingScene.Json("b")).Start(Options(_ => { }, ("0021", "eth")));
        await StepAsync(runner, "a b", runs: 0);
        scene.Pick("0021", PublishingScene.Json("b"), PublishingScene.Json("c"));
        scene.Clock.Advance(TimeSpan.FromMinutes(5));
        await StepAsync(runner, "a b", runs: 0);
        scene.Revoke("a");
        await StepAsync(runner, "a b", runs: 0);
        scene.Clock.Advance(TimeSpan.FromMinutes(1));
        await StepAsync(runner, "b c", runs: 0);
    }

    [Fact]
    public async Task A_service_without_anybody_keeps_those_it_had_but_the_revoked()
    {
        var options = Options(_ => { }, ("0021", "eth"), ("0040", "bsc"));
        var runner = scene.Eligible("0021", PublishingScene.Altruist("a"), PublishingScene.Altruist("b")).Eligible("0040").Start(options);
        await StepAsync(runner, "a b", runs: 0);
        Assert.Equal(("bsc", "nobody may serve now, and it never had anybody"), runner.Status.Kept.Select(kept => (kept.Target, kept.Reason)).Single());
        Assert.DoesNotContain("bsc", await System.IO.File.ReadAllTextAsync(File, Cancellation), StringComparison.Ordinal);

        scene.Eligible("0021");
        runner = scene.Start(options);
        scene.Clock.Advance(TimeSpan.FromHours(1));
        await StepAsync(runner, "a b", runs: 0);
        scene.Revoke("a");
        await StepAsync(runner, "b", runs: 0);
        scene.Revoke("b");
        scene.Clock.Advance(TimeSpan.FromHours(1));
        await StepAsync(runner, "b", runs: 0);
        Assert.Contains(runner.Status.Kept, kept => kept.Reason == "only revoked altruists are left, and nobody to replace them: it keeps them");
    }

    [Fact]
    public async Task A_command_gets_its_arguments_as_they_are_and_none_of_the_services_secrets()
    {
        var script = Path.Combine(folder, "command.sh");
        await System.IO.File.WriteAllTextAsync(script, "#!/bin/sh\nfor argument in \"$@\"; do echo \"<$argument>\"; done > \"$1\"\nenv >> \"$1\"\nhead -c 1000000 /dev/zero\n", Cancellation);
        Environment.SetEnvironmentVariable("Publishers__0__Key", "cnry-environment");
        var runner = scene.Eligible("0021", PublishingScene.Altruist("a")).Start(Options(options => options.Command = ["/bin/sh", script, Ran, "two words; $(id) *"], ("0021", "eth")));
        Assert.True(await runner.TryAsync(Cancellation));
        var said = await System.IO.File.ReadAllTextAsync(Ran, Cancellation);
        Assert.Contains("<two words; $(id) *>", said, StringComparison.Ordinal);
        Assert.DoesNotContain("cnry-environment", said, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("exit 3", "the command sh ended with 3")]
    [InlineData("sleep 600", "the command sh did not end within 0.2 s and was killed")]
    public async Task A_command_that_fails_is_run_again_even_after_a_restart_though_the_file_is_right(string first, string why)
    {
        var options = Options(
            options =>
            {
                options.Command = ["/bin/sh", "-c", $"[ -e {Ran} ] || {{ {first}; }}; echo ran >> {Ran}"];
                options.CommandTimeout = first.StartsWith("sleep", StringComparison.Ordinal) ? TimeSpan.FromMilliseconds(200) : TimeSpan.FromMinutes(1);
            },
            ("0021", "eth"));
        var runner = scene.Eligible("0021", PublishingScene.Altruist("a")).Start(options);
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Equal(why, runner.Status.State.Error);
        options.CommandTimeout = TimeSpan.FromMinutes(1);
        await System.IO.File.WriteAllTextAsync(Ran, "", Cancellation);
        await StepAsync(scene.Start(options), "a", runs: 1);
    }

    [Fact]
    public async Task A_file_that_is_no_yaml_is_told_without_what_stands_in_it()
    {
        await System.IO.File.WriteAllTextAsync(File, "gateway_config:\n  gateway_private_key_hex: cnry-key\n   broken: [cnry\n", Cancellation);
        var runner = scene.Eligible("0021", PublishingScene.Altruist("a")).Start(Options(_ => { }, ("0021", "eth")));
        Assert.False(await runner.TryAsync(Cancellation));
        Assert.Matches("^line [0-9]+ of the configuration is no YAML that can be read$", runner.Status.State.Error);
        Assert.DoesNotContain(scene.Logged, line => line.Contains("cnry", StringComparison.Ordinal));
    }

    private static string Json(YamlNode node) => node switch
    {
        YamlSequenceNode list => $"[{string.Join(',', list.Select(Json))}]",
        YamlMappingNode map => $"{{{string.Join(',', map.Select(pair => $"{Json(pair.Key)}:{Json(pair.Value)}"))}}}",
        _ => $"\"{node}\"",
    };

    /// <param name="members">Of the service eth, by id.</param>
    private async Task StepAsync(PublisherRunner runner, string members, int runs)
    {
        Assert.True(await runner.TryAsync(Cancellation), runner.Status.State.Error);
        var entry = ((YamlSequenceNode)Read()["gateway_config"]["service_fallback"]).Single(entry => entry["service_id"].ToString() == "eth");
        Assert.Equal(members, string.Join(' ', ((YamlSequenceNode)entry["fallback_endpoints"]).Select(endpoint => new Uri(endpoint["default_url"].ToString()).Host.Split('.')[0])));
        Assert.Equal(runs, System.IO.File.Exists(Ran) ? (await System.IO.File.ReadAllLinesAsync(Ran, Cancellation)).Length : 0);
    }

    private YamlMappingNode Read()
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(System.IO.File.ReadAllText(File)));
        return (YamlMappingNode)stream.Documents[0].RootNode;
    }

    private PathGatewayOptions Options(Action<PathGatewayOptions> fill, params (string, string)[] chains) => PublishingScene.Options<PathGatewayOptions>(
        "path",
        options =>
        {
            options.File = File;
            fill(options);
        },
        chains);
}
