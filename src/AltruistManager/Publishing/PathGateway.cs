using System.ComponentModel;
using System.ComponentModel.DataAnnotations;
using System.Diagnostics;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using AltruistManager.Altruists;
using AltruistManager.Storage;
using YamlDotNet.Core;
using YamlDotNet.RepresentationModel;

namespace AltruistManager.Publishing;

/// <summary>The configuration file of a PATH gateway, which reads it at its start only.</summary>
public sealed class PathGatewayOptions : PublisherOptions
{
    internal const string ByFallback = "service_fallback";
    internal const string ByService = "services";

    /// <summary>The file that PATH reads; in a folder that exists.</summary>
    [Required]
    public string File { get; set; } = "";

    /// <summary>What everything but the fallbacks is taken from; without one, from <see cref="File"/> itself, whose comments are lost.</summary>
    public string? Template { get; set; }

    /// <summary>Where fallbacks stand: <c>gateway_config.service_fallback</c>, or with each of <c>gateway_config.services</c>.</summary>
    [RegularExpression($"{ByFallback}|{ByService}", ErrorMessage = "must be service_fallback or services")]
    public string Form { get; set; } = ByFallback;

    /// <summary>Run after each change: a program and its arguments, without a shell and without the service's environment; empty for none.</summary>
    public string[] Command { get; set; } = [];

    public TimeSpan CommandTimeout { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>The file changes no more often than this, because each change is a restart.</summary>
    public TimeSpan Every { get; set; } = TimeSpan.FromMinutes(30);

    /// <summary>Unless somebody in it has not been usable for this long.</summary>
    public TimeSpan RemovalAfter { get; set; } = TimeSpan.FromMinutes(1);

    internal override string Target => Path.GetFullPath(File);

    internal override string Identity => $"{base.Identity}\n{Form}";

    internal override IPublisher Create(PublisherTools tools) => new PathGateway(this, tools.Time);

    protected override IEnumerable<(string Key, string Error)> FindMore(bool allowHttp)
    {
        foreach (var wrong in FindWrongChains())
            yield return wrong;
        if (Command.Length > 0 && Command[0].Length == 0)
            yield return (nameof(Command), "must begin with a program");
    }
}

/// <summary>
/// Writes all who may serve into the fallbacks of a PATH gateway's configuration and runs a command, when membership has changed. Services and everything else of the
/// file stay as they are. A service whose altruists are all gone keeps those it had, without revoked ones as long as one is left: PATH takes no service without an endpoint.
/// </summary>
internal sealed class PathGateway(PathGatewayOptions options, TimeProvider time) : IPublisher
{
    private static readonly string[] PassedOn = ["PATH", "HOME", "LANG", "TZ", "SystemRoot"];

    /// <summary>From our RPC types to PATH's, besides the main URL.</summary>
    private static readonly (string Ours, string Theirs)[] RpcTypes = [("rest", "rest"), ("cometbft", "comet_bft"), ("websocket", "websocket")];

    private DateTimeOffset? leavingSince;

    public PublisherReach Reach { get; } = new([AuthKind.None], ["rest", "cometbft", "websocket"], WantsAll: true);

    public bool IsLocal => true;

    public async Task<Publication> PublishAsync(PublisherWork work, CancellationToken cancellation)
    {
        var memory = work.Memory.Length == 0 ? Known.Nothing : JsonSerializer.Deserialize<Known>(work.Memory)!;
        var kept = new List<KeptSlot>();
        var members = new SortedDictionary<string, string[]>(StringComparer.Ordinal);
        string? before;
        string after;
        try
        {
            before = File.Exists(options.Target) ? await File.ReadAllTextAsync(options.Target, cancellation) : null;
            after = Compose(work, memory, before, members, kept);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
        {
            throw new PublisherException($"the configuration cannot be read: {failed.Message.ReplaceLineEndings(" ")}");
        }
        catch (YamlException failed)
        {
            // Its words may repeat a line, and the file holds private keys.
            throw new PublisherException($"line {failed.Start.Line} of the configuration is no YAML that can be read");
        }

        var next = memory with { Members = members };
        if (after == before && !memory.CommandDue)
        {
            leavingSince = null;
            return new Publication(JsonSerializer.Serialize(next)) { Kept = kept };
        }

        var now = time.GetUtcNow();
        if (DueAt(work, memory, members, now) is var due && due > now)
            return new Publication(work.Memory, due) { Kept = kept };

        next = next with { WrittenAt = now, CommandDue = options.Command.Length > 0 };
        if (after != before)
        {
            await work.RememberAsync(JsonSerializer.Serialize(next), cancellation);
            try
            {
                AtomicFile.Write(options.Target, Encoding.UTF8.GetBytes(after), keepMode: true);
            }
            catch (Exception failed) when (failed is IOException or UnauthorizedAccessException)
            {
                throw new PublisherException($"the configuration cannot be written: {failed.Message.ReplaceLineEndings(" ")}");
            }
        }

        if (next.CommandDue)
            await RunAsync(cancellation);
        leavingSince = null;
        return new Publication(JsonSerializer.Serialize(next with { CommandDue = false })) { Kept = kept };
    }

    private DateTimeOffset DueAt(PublisherWork work, Known memory, SortedDictionary<string, string[]> members, DateTimeOffset now)
    {
        if (memory.CommandDue || memory.WrittenAt is not { } written)
            return now;

        // A clock that was set back must not hold it up for longer.
        var due = (written < now ? written : now) + options.Every;
        var leaving = memory.Members.Any(service => service.Value.Except(members.GetValueOrDefault(service.Key, []))
            .Any(member => work.LeavesAtOnce || work.Region.Revoked.Contains(member.Split(' ')[0])));
        leavingSince = leaving ? leavingSince ?? now : null;
        return leavingSince is { } since && since + options.RemovalAfter < due ? since + options.RemovalAfter : due;
    }

    /// <param name="members">Gets who is in it, by service; in the order of the endpoints.</param>
    private string Compose(PublisherWork work, Known memory, string? before, SortedDictionary<string, string[]> members, List<KeptSlot> kept)
    {
        var document = Load(options.Template is { } template ? File.ReadAllText(template) : before ?? "");
        var config = ConfigOf(document, make: true)!;
        var current = ConfigOf(Load(before ?? ""), make: false);
        var missing = new List<string>();
        foreach (var slot in work.Slots.OrderBy(slot => slot.Target, StringComparer.Ordinal))
        {
            YamlSequenceNode endpoints;
            if (slot.Altruists.Count > 0)
            {
                endpoints = new YamlSequenceNode(slot.Altruists.Select(ToNode));
                members[slot.Target] = [.. slot.Altruists.Select(MemberOf)];
            }
            else if (current is not null && EndpointsOf(current, slot.Target) is { Children.Count: > 0 } had)
            {
                var who = memory.Members.GetValueOrDefault(slot.Target, []);
                bool[] stays = [.. who.Select(member => !work.Region.Revoked.Contains(member.Split(' ')[0]))];
                var shrinks = who.Length == had.Children.Count && stays.Contains(true) && stays.Contains(false);
                endpoints = shrinks ? new YamlSequenceNode(had.Children.Where((_, place) => stays[place])) : had;
                members[slot.Target] = shrinks ? [.. who.Where((_, place) => stays[place])] : who;
                kept.Add(new KeptSlot(slot.Chain, slot.Target, stays.Length > 0 && !stays.Contains(true)
                    ? "only revoked altruists are left, and nobody to replace them: it keeps them"
                    : "nobody may serve now: it keeps those it had"));
            }
            else
            {
                kept.Add(new KeptSlot(slot.Chain, slot.Target, "nobody may serve now, and it never had anybody"));
                continue;
            }

            if (!Put(config, slot.Target, endpoints))
                missing.Add($"gateway_config.services has no '{slot.Target}'");
        }

        if (missing.Count > 0)
            throw PublisherException.Of(missing);
        return Save(document);
    }

    private static YamlMappingNode Load(string text)
    {
        var stream = new YamlStream();
        stream.Load(new StringReader(text));
        return stream.Documents.Count > 0 && stream.Documents[0].RootNode is YamlMappingNode root ? root : new YamlMappingNode();
    }

    private string Save(YamlMappingNode document)
    {
        var output = new StringWriter { NewLine = "\n" };
        if (options.Template is not null)
            output.WriteLine("# Written by Altruist Manager from its template: what is changed here is lost.");
        new YamlStream(new YamlDocument(document)).Save(output, assignAnchors: false);
        var text = output.ToString();
        return text.EndsWith("...\n", StringComparison.Ordinal) ? text[..^4] : text;
    }

    /// <summary>Older versions have it below <c>shannon_config</c>.</summary>
    private static YamlMappingNode? ConfigOf(YamlMappingNode root, bool make)
    {
        var parent = Find(root, "shannon_config") as YamlMappingNode ?? root;
        if (Find(parent, "gateway_config") is YamlMappingNode config)
            return config;
        if (!make)
            return null;
        var made = new YamlMappingNode();
        parent.Children["gateway_config"] = made;
        return made;
    }

    private static YamlNode? Find(YamlMappingNode node, string key) => node.Children.TryGetValue(key, out var found) ? found : null;

    private List<YamlMappingNode> EntriesOf(YamlMappingNode config, string service)
    {
        var (list, id) = options.Form == PathGatewayOptions.ByFallback ? ("service_fallback", "service_id") : ("services", "id");
        return Find(config, list) is YamlSequenceNode entries
            ? [.. entries.OfType<YamlMappingNode>().Where(entry => Find(entry, id) is YamlScalarNode named && named.Value == service)]
            : [];
    }

    private YamlSequenceNode? EndpointsOf(YamlMappingNode config, string service)
    {
        if (EntriesOf(config, service) is not [var entry, ..])
            return null;
        if (options.Form == PathGatewayOptions.ByService)
            return Find(entry, "fallback") is YamlMappingNode fallback ? Find(fallback, "endpoints") as YamlSequenceNode : null;
        return Find(entry, "fallback_endpoints") as YamlSequenceNode;
    }

    /// <returns>False where the service has to be there already and is not.</returns>
    private bool Put(YamlMappingNode config, string service, YamlSequenceNode endpoints)
    {
        var entries = EntriesOf(config, service);
        if (options.Form == PathGatewayOptions.ByService)
        {
            if (entries.Count == 0)
                return false;
            var fallback = Find(entries[0], "fallback") as YamlMappingNode ?? new YamlMappingNode();
            fallback.Children["enabled"] = "true";
            fallback.Children.TryAdd("send_all_traffic", "false");
            fallback.Children["endpoints"] = endpoints;
            entries[0].Children["fallback"] = fallback;
            return true;
        }

        if (Find(config, "service_fallback") is not YamlSequenceNode list)
            config.Children["service_fallback"] = list = new YamlSequenceNode();
        if (entries.Count == 0)
        {
            var made = new YamlMappingNode { { "service_id", service }, { "send_all_traffic", "false" } };
            entries.Add(made);
            list.Add(made);
        }

        // PATH refuses a service that is named twice.
        foreach (var twice in entries.Skip(1))
            list.Children.Remove(twice);
        entries[0].Children["fallback_endpoints"] = endpoints;
        return true;
    }

    private static YamlMappingNode ToNode(PublishedAltruist altruist)
    {
        var node = new YamlMappingNode { { "default_url", altruist.Url }, { "json_rpc", altruist.Url } };
        foreach (var (ours, theirs) in RpcTypes)
        {
            if (altruist.Urls.TryGetValue(ours, out var url))
                node.Add(theirs, url);
        }

        return node;
    }

    /// <summary>Who it is and, without saying it, at which URLs.</summary>
    private static string MemberOf(PublishedAltruist altruist)
    {
        var places = string.Join('\n', altruist.Urls.OrderBy(url => url.Key, StringComparer.Ordinal).Select(url => $"{url.Key} {url.Value}").Prepend(altruist.Url));
        return $"{altruist.Id} {Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(places)).AsSpan(0, 4))}";
    }

    private async Task RunAsync(CancellationToken cancellation)
    {
        var name = Path.GetFileName(options.Command[0]);
        var start = new ProcessStartInfo(options.Command[0]) { UseShellExecute = false, RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in options.Command[1..])
            start.ArgumentList.Add(argument);
        // The environment of the service holds its secrets.
        foreach (var variable in start.Environment.Keys.Except(PassedOn).ToList())
            start.Environment.Remove(variable);

        using var process = Start(start, name);
        process.StandardInput.Close();
        // Read and dropped, so that it never waits for a reader; what it leaves running may go on holding these.
        _ = process.StandardOutput.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        _ = process.StandardError.BaseStream.CopyToAsync(Stream.Null, CancellationToken.None);
        using var alarm = new CancellationTokenSource(options.CommandTimeout, time);
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(alarm.Token, cancellation);
        try
        {
            await process.WaitForExitAsync(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellation.IsCancellationRequested)
        {
            process.Kill(entireProcessTree: true);
            throw new PublisherException($"the command {name} did not end within {options.CommandTimeout.TotalSeconds:0.###} s and was killed");
        }

        if (process.ExitCode != 0)
            throw new PublisherException($"the command {name} ended with {process.ExitCode}");
    }

    private static Process Start(ProcessStartInfo start, string name)
    {
        try
        {
            return Process.Start(start)!;
        }
        catch (Win32Exception failed)
        {
            throw new PublisherException($"the command {name} cannot be started: {failed.NativeErrorCode}");
        }
    }

    /// <param name="Members">By service; in the order of the endpoints.</param>
    /// <param name="WrittenAt">When the file was changed last; null before the first time.</param>
    /// <param name="CommandDue">The file was changed, and the command has not done its work since.</param>
    private sealed record Known(SortedDictionary<string, string[]> Members, DateTimeOffset? WrittenAt, bool CommandDue)
    {
        public static readonly Known Nothing = new(new(StringComparer.Ordinal), null, false);
    }
}
