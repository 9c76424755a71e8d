using System.Globalization;
using AltruistManager.Accounts;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Selection;
using AltruistManager.Selection.Policies;
using AltruistManager.Web.Security;

namespace AltruistManager.Web.Running;

/// <summary>An option that may change while the service runs, because whoever uses it asks for it anew each time, and the public log tells of it where a pick depends on it.</summary>
/// <param name="Name">As in the configuration.</param>
/// <param name="Says">What it does, in one sentence.</param>
/// <param name="Choices">All that it may be; null for a whole number.</param>
internal sealed record RunningSetting(string Name, string Title, string Says, Func<Settings, object> Of, IReadOnlyList<string>? Choices = null)
{
    /// <summary>The least that may be set besides 0, which is no limit: with less than that the pages could not be read to set it back.</summary>
    public int Least { get; init; }

    public string ValueIn(Settings settings) => Convert.ToString(Of(settings), CultureInfo.InvariantCulture)!;

    /// <summary>Null where it may be set to the value, as far as the configuration allows it.</summary>
    public SettingError? WrongWith(string value) => int.TryParse(value, NumberStyles.Integer, CultureInfo.InvariantCulture, out var number) && number > 0 && number < Least
        ? new SettingError(Name, $"must be 0, which is no limit, or at least {Least}: a page takes several calls, and with fewer nobody could open this one any more")
        : null;
}

/// <param name="Value">In force.</param>
/// <param name="Configured">What the configuration says, or what stands for it there.</param>
/// <param name="Stored">What staff have set; null where it is as configured.</param>
/// <param name="IsIgnored">What staff have set cannot be used any more, so that it is as configured.</param>
internal sealed record SettingState(RunningSetting Setting, string Value, string Configured, string Default, StoredSetting? Stored, bool IsIgnored);

/// <summary>
/// What staff may change without a restart: a value set here wins over the configuration until it is taken back, on every instance. It is checked by what checks the configuration.
/// </summary>
internal sealed partial class RunningSettings(
    IConfiguration configuration, SettingStore store, LiveOptions<SelectionOptions> selection, LiveOptions<HealthOptions> health, LiveOptions<LimitsOptions> limits, RefusalLog refusals, TimeProvider time,
    ILogger<RunningSettings> logger) : IDisposable
{
    public static readonly IReadOnlyList<RunningSetting> All =
    [
        new("Selection:Policy", "Policy", "How a pick is made for chains that name no policy of their own.", settings => settings.Selection.Policy, [.. SelectionPolicies.All.Select(policy => policy.Name)]),
        new("Selection:FairnessUnit", "Fairness unit", "Whose turns are evened out first: each altruist's, or each provider's and then its altruists'.", settings => settings.Selection.FairnessUnit, ["altruist", "provider"]),
        new("Selection:ProviderCapPercent", "Provider cap, percent", "The share of a slot's turns that one provider gets at most in a window while others can serve; 100 is no cap.", settings => settings.Selection.ProviderCapPercent),
        new("Selection:Standbys", "Standbys", "How many standbys each slot publishes, for portals to turn to at once.", settings => settings.Selection.Standbys),
        new("Health:PickChangesPerHour", "Falls per hour", "How often in an hour an altruist may fall out of use and come back, before it is used only where there is nobody else.", settings => settings.Health.PickChangesPerHour),
        new("Limits:RequestsPerSecond", "Calls per second and key", "What is more is told to slow down; 0 is no limit.", settings => settings.Limits.RequestsPerSecond),
        new("Limits:AnonymousRequestsPerSecond", "Calls per second and address", "The same without a key, the pages among them, of which each takes several: 10 at least, or 0 for no limit.", settings => settings.Limits.AnonymousRequestsPerSecond) { Least = 10 },
        new("Limits:TestsPerMinute", "Tests per minute", "How often a key or user may have endpoints tested, which are calls to somebody else's host; 0 is no limit.", settings => settings.Limits.TestsPerMinute),
    ];

    private static readonly Settings Defaults = Settings.Read(new ConfigurationBuilder().Build());

    private readonly Settings configured = Settings.Read(configuration);
    private readonly SemaphoreSlim turn = new(1, 1);
    private volatile Known known = new([], [], Settings.Read(configuration));

    private sealed record Known(IReadOnlyList<StoredSetting> Stored, IReadOnlyCollection<string> Ignored, Settings InForce);

    /// <summary>As they are in force.</summary>
    public IReadOnlyList<SettingState> States
    {
        get
        {
            var now = known;
            return
            [
                .. All.Select(setting => new SettingState(
                    setting, setting.ValueIn(now.InForce), setting.ValueIn(configured), setting.ValueIn(Defaults), now.Stored.FirstOrDefault(stored => stored.Name == setting.Name), now.Ignored.Contains(setting.Name))),
            ];
        }
    }

    /// <summary>Takes up what any process has set. What depends on it follows at its next use.</summary>
    public async Task RefreshAsync(CancellationToken cancellation)
    {
        // One at a time: an older reading must not replace a newer one.
        await turn.WaitAsync(cancellation);
        try
        {
            var stored = await store.ReadAsync(cancellation);
            if (!stored.SequenceEqual(known.Stored))
                Apply(stored);
        }
        finally
        {
            turn.Release();
        }
    }

    /// <summary>Sets an option, or has it as configured again.</summary>
    /// <param name="value">As it would stand in the configuration; null for as configured.</param>
    /// <returns>Null when it is done.</returns>
    public async Task<Refusal?> SetAsync(Actor actor, string name, string? value, CancellationToken cancellation)
    {
        var refusal = Decide(actor, name, value);
        if (refusal is not null)
        {
            refusals.Note(actor, new AuditEntry("setting.change", "setting", name) { Provider = actor.OnlyProvider, Detail = refusal.Errors?.ToDictionary().Values.First()[0] ?? refusal.Detail });
            return refusal;
        }

        var state = States.First(state => state.Setting.Name == name);
        if (value is not null)
            await store.PutAsync(actor, new StoredSetting(name, value, time.GetUtcNow(), actor.Name), state.Configured, cancellation);
        else
            await store.RemoveAsync(actor, name, state.Configured, time.GetUtcNow(), cancellation);
        await RefreshAsync(cancellation);
        return null;
    }

    public void Dispose() => turn.Dispose();

    private Refusal? Decide(Actor actor, string name, string? value)
    {
        if (!actor.IsStaff)
            return new Refusal(RefusalKind.Forbidden, "staff-only", "Only staff may change settings.");
        if (!All.Any(setting => setting.Name == name))
            return new Refusal(RefusalKind.Unknown, "unknown-setting", $"There is no setting named '{name}' that may change while the service runs.");
        if (value is null || TryRead([.. known.Stored.Where(stored => stored.Name != name && !known.Ignored.Contains(stored.Name)).Select(stored => (stored.Name, stored.Value)), (name, value)], out _, out var wrong))
            return null;
        var errors = new FieldErrors();
        foreach (var error in wrong)
        {
            // Beside its field an error needs no name.
            errors.Add(name, error.Key == name ? $"{error.Words}." : error.ToString());
        }

        return new Refusal(RefusalKind.Invalid, "invalid", "The value cannot be used.", errors);
    }

    private void Apply(IReadOnlyList<StoredSetting> stored)
    {
        var used = new List<(string, string)>();
        var ignored = new List<string>();
        var inForce = configured;
        foreach (var setting in stored.Where(setting => All.Any(known => known.Name == setting.Name)))
        {
            if (TryRead([.. used, (setting.Name, setting.Value)], out var settings, out var wrong))
            {
                used.Add((setting.Name, setting.Value));
                inForce = settings;
            }
            else
            {
                ignored.Add(setting.Name);
                LogIgnored(setting.Name, string.Join(" ", wrong));
            }
        }

        known = new Known(stored, ignored, inForce);
        (selection.Value, health.Value, limits.Value) = (inForce.Selection, inForce.Health, inForce.Limits);
        LogApplied(string.Join(", ", used.Select(setting => $"{setting.Item1} = {setting.Item2}")));
    }

    /// <summary>The configuration with these over it, as the start would read it.</summary>
    private bool TryRead(IReadOnlyList<(string Name, string Value)> over, out Settings settings, out IReadOnlyList<SettingError> wrong)
    {
        wrong = [.. All.SelectMany(setting => over.Where(set => set.Name == setting.Name).Select(set => setting.WrongWith(set.Value))).OfType<SettingError>()];
        settings = configured;
        if (wrong.Count > 0)
            return false;
        try
        {
            settings = Settings.Read(new ConfigurationBuilder().AddConfiguration(configuration).AddInMemoryCollection(over.Select(setting => KeyValuePair.Create(setting.Name, (string?)setting.Value))).Build());
            return true;
        }
        catch (SettingsException bad)
        {
            wrong = bad.Errors;
            return false;
        }
    }

    [LoggerMessage(Level = LogLevel.Information, Message = "Set by staff while running: {Settings}")]
    private partial void LogApplied(string settings);

    [LoggerMessage(Level = LogLevel.Error, Message = "What staff have set {Name} to cannot be used, so that it is as configured: {Why}")]
    private partial void LogIgnored(string name, string why);
}
