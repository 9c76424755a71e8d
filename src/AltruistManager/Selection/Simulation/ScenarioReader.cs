using System.Globalization;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Health;
using AltruistManager.Probing;
using AltruistManager.Selection.Policies;

namespace AltruistManager.Selection.Simulation;

/// <summary>A scenario cannot be used.</summary>
public sealed class ScenarioException(IReadOnlyList<string> errors) : Exception(string.Join(Environment.NewLine, errors))
{
    /// <summary>One line each.</summary>
    public IReadOnlyList<string> Errors => errors;
}

/// <summary>Reads a scenario from JSON; all that is wrong with it is told at once.</summary>
public static class ScenarioReader
{
    public const int MostHours = 24 * 366;
    private const int MostSlots = 20_000;
    private const int MostAltruists = 100_000;
    private static readonly TimeSpan ShortestDuration = TimeSpan.FromMilliseconds(100);

    private static readonly JsonDocumentOptions Json = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true, AllowDuplicateProperties = false };

    private static readonly Dictionary<string, Fault> FaultNames =
        Enum.GetValues<Fault>().Where(fault => fault != Fault.None).ToDictionary(fault => JsonNamingPolicy.CamelCase.ConvertName(fault.ToString()));

    /// <exception cref="ScenarioException">Names every bad field.</exception>
    public static Scenario Read(string json)
    {
        JsonDocument document;
        try
        {
            document = JsonDocument.Parse(json, Json);
        }
        catch (JsonException bad)
        {
            throw new ScenarioException([$"The scenario is not JSON: {bad.Message}"]);
        }

        using (document)
        {
            var errors = new FieldErrors();
            var scenario = Read(new Fields(document.RootElement, "", errors), errors);
            return errors.Any
                ? throw new ScenarioException([.. errors.ToDictionary().SelectMany(field => field.Value.Select(error => $"{(field.Key.Length == 0 ? "The scenario" : field.Key)} {error}"))])
                : scenario;
        }
    }

    private static Scenario Read(Fields root, FieldErrors errors)
    {
        root.Text("description");
        var regions = root.Whole("regions", 1, 1, 1_000);
        var classes = root.Named("classes").Select(field => ReadClass(field.Name, field.Fields, regions)).ToList();
        if (classes.Count == 0 && !errors.Has("classes"))
            errors.Add("classes", "must name at least one class of altruists");
        var scenario = new Scenario
        {
            Hours = root.Number("hours", 72, 0.1, MostHours),
            Seed = root.Whole("seed", 1, int.MinValue, int.MaxValue),
            Chains = root.Whole("chains", 1, 1, 10_000),
            Regions = regions,
            Fallbacks = root.Whole("fallbacks", 0, 0, Math.Min(200, regions - 1)),
            Classes = classes,
            Providers = [.. root.List("providers").Select(fields => ReadProviders(fields, classes, errors))],
            Traffic = ReadTraffic(root.Section("traffic")),
            Outages = [.. root.List("outages").Select(fields => ReadOutage(fields, regions))],
            Churn = ReadChurn(root.Section("churn")),
            Drains = ReadOrders(root.Section("drains")),
            Exclusions = ReadOrders(root.Section("exclusions")),
            Selection = ReadSelection(root.Section("selection"), errors),
            Health = ReadHealth(root.Section("health")),
            Probing = ReadProbing(root.Section("probing")),
        };
        root.End();
        if (scenario.Providers.Count == 0 && !errors.Has("providers"))
            errors.Add("providers", "must hold at least one group of providers");
        if (scenario.Slots > MostSlots)
            errors.Add("chains", $"times regions must be at most {MostSlots} slots, not {scenario.Slots}");
        if (scenario.Providers.Sum(group => (long)group.Providers * group.Altruists) > MostAltruists)
            errors.Add("providers", $"must have at most {MostAltruists} altruists together");
        foreach (var twice in scenario.Providers.GroupBy(group => group.Name).Where(group => group.Count() > 1))
            errors.Add("providers", $"has two groups of the name '{twice.Key}'");
        return scenario;
    }

    private static AltruistClass ReadClass(string name, Fields fields, int regions)
    {
        var read = new AltruistClass(
            name,
            fields.Number("latencyMs", 80, 1, 60_000),
            fields.Has("capacityRps") ? fields.Whole("capacityRps", 1, 1, 10_000_000) : null,
            fields.Whole("tier", 1, 1, 100),
            fields.Whole("regions", 0, 0, regions),
            fields.Number("hoursBetweenFailures", 0, 0, 1_000_000),
            fields.Number("minutesToRepair", 30, 0.01, 1_000_000),
            fields.Weights("failures", FaultNames, [(Fault.Refuse, 1), (Fault.Silence, 1)]));
        fields.End();
        return read;
    }

    private static ProviderGroup ReadProviders(Fields fields, List<AltruistClass> classes, FieldErrors errors)
    {
        var name = fields.Text("name");
        if (name is null)
            fields.Add("name", "is missing");
        else if (Naming.IdError(name) is { } wrong)
            fields.Add("name", wrong);
        var group = new ProviderGroup(
            name ?? "",
            fields.Whole("providers", 1, 1, MostAltruists),
            fields.Whole("altruists", 1, 1, MostAltruists),
            fields.Whole("shares", 1, 1, 1_000),
            fields.Weights("classes", classes.ToDictionary(known => known.Name), classes.Count == 0 ? [] : [(classes[0], 1)]),
            fields.Number("joinsAtHour", 0, 0, MostHours),
            fields.Has("leavesAtHour") ? fields.Number("leavesAtHour", 0, 0, MostHours) : null);
        if (group.LeavesAtHour <= group.JoinsAtHour)
            fields.Add("leavesAtHour", "must be after joinsAtHour");
        fields.End();
        return group;
    }

    private static Traffic ReadTraffic(Fields fields)
    {
        var traffic = new Traffic(
            fields.Number("requestsPerSecond", 1, 0.001, 1_000_000),
            fields.Number("skew", 0, 0, 3),
            [
                .. fields.List("bursts").Select(burst =>
                {
                    var read = new Burst(burst.Whole("minute", 0, 0, 59), burst.Whole("seconds", 60, 1, 3_600), burst.Number("factor", 10, 1, 1_000_000));
                    burst.End();
                    return read;
                }),
            ]);
        fields.End();
        return traffic;
    }

    private static Outage ReadOutage(Fields fields, int regions)
    {
        var outage = new Outage(
            fields.Whole("region", 1, 1, regions),
            fields.Number("atHour", 0, 0, MostHours),
            fields.Number("minutes", 30, 0.01, 1_000_000),
            fields.OneOf("failure", FaultNames, Fault.Silence));
        fields.End();
        return outage;
    }

    private static Churn ReadChurn(Fields fields)
    {
        var churn = new Churn(fields.Number("everyHours", 0, 0, MostHours), fields.Whole("join", 0, 0, 1_000), fields.Whole("leave", 0, 0, 1_000));
        fields.End();
        return churn;
    }

    private static Orders ReadOrders(Fields fields)
    {
        var orders = new Orders(fields.Number("everyHours", 0, 0, MostHours), fields.Whole("altruists", 1, 1, 1_000), fields.Number("minutes", 60, 0.1, 1_000_000));
        fields.End();
        return orders;
    }

    private static SelectionOptions ReadSelection(Fields fields, FieldErrors errors)
    {
        var usual = new SelectionOptions();
        var read = new SelectionOptions
        {
            Interval = fields.Duration("interval", usual.Interval),
            Window = fields.Duration("window", usual.Window),
            LookAhead = fields.Duration("lookAhead", usual.LookAhead),
            Policy = fields.OneOf("policy", SelectionPolicies.All.ToDictionary(policy => policy.Name, policy => policy.Name), usual.Policy),
            FairnessUnit = fields.OneOf("fairnessUnit", new Dictionary<string, string> { ["altruist"] = "altruist", ["provider"] = "provider" }, usual.FairnessUnit),
            Primaries = fields.Whole("primaries", usual.Primaries, 1, SlotQuestion.MostPrimaries),
            Standbys = fields.Whole("standbys", usual.Standbys, 0, 8),
            ProviderCapPercent = fields.Whole("providerCapPercent", usual.ProviderCapPercent, 1, 100),
            LatencyFactorPercent = fields.Whole("latencyFactorPercent", usual.LatencyFactorPercent, 100, 10_000),
        };
        if (read.Window < read.Interval && !errors.Has("selection.interval"))
            fields.Add("window", $"must not be shorter than interval ({read.Window} is less than {read.Interval})");
        fields.End();
        return read;
    }

    private static HealthOptions ReadHealth(Fields fields)
    {
        var usual = new HealthOptions();
        var read = new HealthOptions
        {
            Fall = fields.Whole("fall", usual.Fall, 1, 100),
            Rise = fields.Whole("rise", usual.Rise, 1, 100),
            CooldownInitial = fields.Duration("cooldownInitial", usual.CooldownInitial),
            SuspendAfter = fields.Duration("suspendAfter", usual.SuspendAfter),
            PickChangesPerHour = fields.Whole("pickChangesPerHour", usual.PickChangesPerHour, 1, 1_000),
        };
        fields.End();
        return read;
    }

    private static ProbingOptions ReadProbing(Fields fields)
    {
        var usual = new ProbingOptions();
        var read = new ProbingOptions
        {
            Interval = fields.Duration("interval", usual.Interval),
            HotInterval = fields.Duration("hotInterval", usual.HotInterval),
            RetryInterval = fields.Duration("retryInterval", usual.RetryInterval),
            Timeout = fields.Duration("timeout", usual.Timeout),
            HotTimeout = fields.Duration("hotTimeout", usual.HotTimeout),
        };
        fields.End();
        return read;
    }

    /// <summary>The fields of one object; each is asked for once, and <see cref="End"/> refuses what nobody asked for.</summary>
    private sealed class Fields
    {
        private readonly Dictionary<string, JsonElement> values = [];
        private readonly HashSet<string> asked = [];
        private readonly string path;
        private readonly FieldErrors errors;

        public Fields(JsonElement element, string path, FieldErrors errors)
        {
            this.path = path;
            this.errors = errors;
            if (element.ValueKind == JsonValueKind.Object)
                values = element.EnumerateObject().ToDictionary(field => field.Name, field => field.Value);
            else if (element.ValueKind != JsonValueKind.Undefined)
                errors.Add(path, "must be an object");
        }

        public void Add(string name, string error) => errors.Add(PathOf(name), error);

        public bool Has(string name) => Find(name) is not null;

        public void End()
        {
            foreach (var name in values.Keys.Where(name => !asked.Contains(name)))
                Add(name, $"is not known; known here are {string.Join(", ", asked.Order(StringComparer.Ordinal))}");
        }

        public string? Text(string name)
        {
            if (Find(name) is not { } value)
                return null;
            if (value.ValueKind == JsonValueKind.String)
                return value.GetString();
            Add(name, "must be text");
            return null;
        }

        public double Number(string name, double usual, double least, double most) =>
            Find(name) is not { } value ? usual : Within(name, value, least, most) ? value.GetDouble() : usual;

        public int Whole(string name, int usual, int least, int most)
        {
            if (Find(name) is not { } value)
                return usual;
            if (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var whole) && whole >= least && whole <= most)
                return whole;
            Add(name, string.Create(CultureInfo.InvariantCulture, $"must be a whole number from {least} to {most}"));
            return usual;
        }

        public TimeSpan Duration(string name, TimeSpan usual)
        {
            if (Find(name) is not { } value)
                return usual;
            if (value.ValueKind == JsonValueKind.String && value.GetString() is { } text && text.Contains(':') && TimeSpan.TryParse(text, CultureInfo.InvariantCulture, out var duration)
                && duration >= ShortestDuration && duration <= TimeSpan.FromDays(1))
                return duration;
            Add(name, "must be a duration from 00:00:00.1 to 1.00:00:00, such as 00:05:00");
            return usual;
        }

        public T OneOf<T>(string name, Dictionary<string, T> known, T usual)
        {
            if (Find(name) is not { } value)
                return usual;
            if (value.ValueKind == JsonValueKind.String && known.TryGetValue(value.GetString()!, out var named))
                return named;
            Add(name, $"must be one of {string.Join(", ", known.Keys)}");
            return usual;
        }

        /// <summary>An object of weights by name.</summary>
        public List<(T Value, double Weight)> Weights<T>(string name, Dictionary<string, T> known, List<(T Value, double Weight)> usual)
        {
            if (Find(name) is not { } value)
                return usual;
            if (value.ValueKind != JsonValueKind.Object)
            {
                Add(name, "must be an object of weights by name");
                return usual;
            }

            var weights = new List<(T Value, double Weight)>();
            foreach (var field in value.EnumerateObject())
            {
                if (!known.TryGetValue(field.Name, out var named))
                    Add($"{name}.{field.Name}", $"is not known; known here are {string.Join(", ", known.Keys)}");
                else if (Within($"{name}.{field.Name}", field.Value, 0, 1_000_000))
                    weights.Add((named, field.Value.GetDouble()));
            }

            if (weights.Sum(weight => weight.Weight) > 0)
                return weights;
            Add(name, "must give something a weight above 0");
            return usual;
        }

        public Fields Section(string name) => new(Find(name) ?? default, PathOf(name), errors);

        public IEnumerable<(string Name, Fields Fields)> Named(string name)
        {
            if (Find(name) is not { } value)
                return [];
            if (value.ValueKind == JsonValueKind.Object)
                return value.EnumerateObject().Select(field => (field.Name, new Fields(field.Value, $"{PathOf(name)}.{field.Name}", errors)));
            Add(name, "must be an object");
            return [];
        }

        public IEnumerable<Fields> List(string name)
        {
            if (Find(name) is not { } value)
                return [];
            if (value.ValueKind == JsonValueKind.Array)
                return value.EnumerateArray().Select((item, number) => new Fields(item, $"{PathOf(name)}[{number}]", errors));
            Add(name, "must be a list");
            return [];
        }

        private bool Within(string name, JsonElement value, double least, double most)
        {
            if (value.ValueKind == JsonValueKind.Number && value.TryGetDouble(out var number) && number >= least && number <= most)
                return true;
            Add(name, string.Create(CultureInfo.InvariantCulture, $"must be a number from {least} to {most}"));
            return false;
        }

        private JsonElement? Find(string name)
        {
            asked.Add(name);
            return values.TryGetValue(name, out var value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }

        private string PathOf(string name) => path.Length == 0 ? name : $"{path}.{name}";
    }
}
