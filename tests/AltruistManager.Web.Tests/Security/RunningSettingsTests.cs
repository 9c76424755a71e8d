using System.Net;
using System.Text.Json;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using AltruistManager.Transparency;
using AltruistManager.Web.Running;

namespace AltruistManager.Web.Tests.Security;

/// <summary>What staff change while the service runs takes effect without a restart, and the public log holds what each pick was made by.</summary>
public sealed class RunningSettingsTests
{
    private static CancellationToken Cancellation => TestContext.Current.CancellationToken;

    [Fact]
    public async Task What_picks_depend_on_changes_at_once_and_the_log_still_replays()
    {
        var picks = new AppWithPicks();
        await picks.InitializeAsync();
        await using var _ = picks;
        var settings = picks.App.Services.GetRequiredService<RunningSettings>();
        Assert.Equal(2, await StandbysAsync(picks.App));
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:Standbys", "0", Cancellation));
        await Wait.UntilAsync("no standby is published", async () => await StandbysAsync(picks.App) == 0);
        Assert.Equal(0, (await NewestParametersAsync(picks.App)).GetProperty("standbys").GetInt32());

        // In the middle of a window.
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:FairnessUnit", "provider", Cancellation));
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:ProviderCapPercent", "60", Cancellation));
        for (var round = 0; round < 4; round++)
            await picks.RoundAsync();
        var parameters = await NewestParametersAsync(picks.App);
        Assert.Equal(("provider", 60), (parameters.GetProperty("fairnessUnit").GetString(), parameters.GetProperty("providerCapPercent").GetInt32()));
        // Of two providers each has every other turn, although one of them offers two altruists.
        var picked = new List<string>();
        for (var round = 0; round < 6; round++)
        {
            await picks.RoundAsync();
            picked.Add(await picks.PickAsync());
        }

        Assert.Equal(3, picked.Count(label => label == "three"));
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:Policy", "random", Cancellation));
        await picks.RoundAsync();
        Assert.Equal("random", (await NewestParametersAsync(picks.App)).GetProperty("policy").GetString());
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:FairnessUnit", null, Cancellation));
        await picks.RoundAsync();
        Assert.Equal("altruist", (await NewestParametersAsync(picks.App)).GetProperty("fairnessUnit").GetString());

        // Providers are not counted for a while, and then again, all in one window.
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:ProviderCapPercent", null, Cancellation));
        await picks.RoundAsync();
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:ProviderCapPercent", "50", Cancellation));
        await picks.RoundAsync();
        await picks.RoundAsync();

        using var verification = LogVerification.OfDatabase(picks.App.Services.GetRequiredService<Database>());
        var report = await verification.RunAsync(0, long.MaxValue, null, Cancellation);
        Assert.Null(report.Difference);
        Assert.True(report.Replayed > 12);
    }

    [Fact]
    public async Task What_another_process_has_set_counts_within_a_second_and_after_a_restart()
    {
        await using var app = await AppFixture.StartAsync();
        await app.Services.GetRequiredService<SettingStore>().PutAsync(Actor.Operator, Stored("Limits:AnonymousRequestsPerSecond", "10"), "0", Cancellation);
        await Wait.UntilAsync("strangers are slowed", () => IsSlowedAsync(app));
        await app.RestartAsync(static () => { });
        Assert.True(await IsSlowedAsync(app));

        Assert.Null(await app.Services.GetRequiredService<RunningSettings>().SetAsync(Actor.Operator, "Limits:AnonymousRequestsPerSecond", null, Cancellation));
        Assert.False(await IsSlowedAsync(app));
    }

    [Fact]
    public async Task What_the_configuration_may_not_hold_may_not_be_set_and_nothing_else_than_is_listed()
    {
        await using var app = await AppFixture.StartAsync();
        var settings = app.Services.GetRequiredService<RunningSettings>();
        foreach (var (name, value) in new[] { ("Selection:Policy", "cheapest"), ("Selection:Standbys", "9"), ("Selection:ProviderCapPercent", "many"), ("Health:PickChangesPerHour", "0"), ("Limits:RequestsPerSecond", "-1"), ("Limits:AnonymousRequestsPerSecond", "9") })
        {
            var refusal = await settings.SetAsync(Actor.Operator, name, value, Cancellation);
            Assert.Equal(RefusalKind.Invalid, refusal!.Kind);
            var (field, words) = Assert.Single(refusal.Errors!.ToDictionary());
            Assert.Equal(name, field);
            Assert.StartsWith("must ", words[0], StringComparison.Ordinal);
        }

        Assert.Equal(RefusalKind.Unknown, (await settings.SetAsync(Actor.Operator, "Probing:AllowHttp", "true", Cancellation))!.Kind);
        Assert.All(settings.States, state => Assert.Null(state.Stored));
    }

    [Fact]
    public async Task What_was_set_and_cannot_be_used_any_more_is_as_configured_and_says_so()
    {
        await using var app = await AppFixture.StartAsync(("Selection:Standbys", "3"));
        var store = app.Services.GetRequiredService<SettingStore>();
        await store.PutAsync(Actor.Operator, Stored("Selection:Policy", "gone"), "least-used", Cancellation);
        await store.PutAsync(Actor.Operator, Stored("Selection:Standbys", "1"), "3", Cancellation);
        var settings = app.Services.GetRequiredService<RunningSettings>();
        await settings.RefreshAsync(Cancellation);
        var states = settings.States.ToDictionary(state => state.Setting.Name);
        Assert.Equal(("least-used", true), (states["Selection:Policy"].Value, states["Selection:Policy"].IsIgnored));
        Assert.Equal(("1", "3", "2", false), (states["Selection:Standbys"].Value, states["Selection:Standbys"].Configured, states["Selection:Standbys"].Default, states["Selection:Standbys"].IsIgnored));
        // Nor does it stand in the way of others.
        Assert.Null(await settings.SetAsync(Actor.Operator, "Selection:Standbys", "4", Cancellation));
    }

    [Fact]
    public async Task Limit_with_which_no_page_could_be_read_is_not_used_even_where_it_was_set_before()
    {
        await using var app = await AppFixture.StartAsync();
        await app.Services.GetRequiredService<SettingStore>().PutAsync(Actor.Operator, Stored("Limits:AnonymousRequestsPerSecond", "1"), "20", Cancellation);
        var settings = app.Services.GetRequiredService<RunningSettings>();
        await settings.RefreshAsync(Cancellation);
        var state = settings.States.Single(state => state.Setting.Name == "Limits:AnonymousRequestsPerSecond");
        Assert.Equal((state.Configured, true), (state.Value, state.IsIgnored));
        Assert.Null(await settings.SetAsync(Actor.Operator, state.Setting.Name, "10", Cancellation));
        Assert.Null(await settings.SetAsync(Actor.Operator, state.Setting.Name, "0", Cancellation));
    }

    [Fact]
    public async Task Trail_tells_what_was_set_before_even_by_another_process_that_this_one_has_not_heard_of()
    {
        await using var app = await AppFixture.StartAsync();
        var store = app.Services.GetRequiredService<SettingStore>();
        await store.PutAsync(Actor.Operator, Stored("Selection:Standbys", "1"), "2", Cancellation);
        await store.PutAsync(Actor.Operator, Stored("Selection:Standbys", "3"), "2", Cancellation);
        await store.RemoveAsync(Actor.Operator, "Selection:Standbys", "2", DateTimeOffset.UnixEpoch, Cancellation);
        await store.RemoveAsync(Actor.Operator, "Selection:Standbys", "2", DateTimeOffset.UnixEpoch, Cancellation);
        var lines = await app.Services.GetRequiredService<AuditStore>().ListAsync(new AuditFilter { Action = "setting.change" }, null, 10, Cancellation);
        Assert.Equal(
            [("""{"value":"3"}""", """{"value":"2"}"""), ("""{"value":"1"}""", """{"value":"3"}"""), ("""{"value":"2"}""", """{"value":"1"}""")],
            lines.Select(line => (line.Before!, line.After!)));
    }

    [Fact]
    public void Each_setting_is_one_of_the_configuration() => Assert.All(RunningSettings.All, setting =>
    {
        var changed = Settings.Read(new ConfigurationBuilder().AddInMemoryCollection([KeyValuePair.Create(setting.Name, (string?)(setting.Choices?[^1] ?? "7"))]).Build());
        Assert.Equal(setting.Choices?[^1] ?? "7", setting.ValueIn(changed));
    });

    private static StoredSetting Stored(string name, string value) => new(name, value, DateTimeOffset.UnixEpoch, "staff@manager.example");

    private static async Task<bool> IsSlowedAsync(AppFixture app)
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 200).Select(_ => app.Anonymous.GetAsync("/api/v1/decisions", Cancellation)));
        return answers.Any(answer => answer.StatusCode is HttpStatusCode.TooManyRequests);
    }

    private static async Task<int> StandbysAsync(AppFixture app) =>
        (await app.Portal.GetJsonAsync("/api/v1/selections/0021?region=us-east", Cancellation)).GetProperty("standbys").GetArrayLength();

    private static async Task<JsonElement> NewestParametersAsync(AppFixture app)
    {
        var head = await app.Anonymous.GetJsonAsync("/api/v1/transparency/head", Cancellation);
        return (await app.Anonymous.GetJsonAsync($"/api/v1/transparency/entries/{head.GetProperty("generation").GetInt64()}", Cancellation)).GetProperty("parameters");
    }
}
