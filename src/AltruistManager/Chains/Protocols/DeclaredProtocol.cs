using System.Text.Json;

namespace AltruistManager.Chains.Protocols;

/// <summary>Asks nodes as a declaration says: for families that ship as one, and for chains that staff declared a probe for.</summary>
internal sealed class DeclaredProtocol : IChainProtocol
{
    private readonly ProbeDeclaration declaration;

    public DeclaredProtocol(string name, ProbeDeclaration declaration)
    {
        Name = name;
        this.declaration = declaration;
        Facts = new ProtocolFacts
        {
            Identity = Describe(declaration.Identity, "identity"),
            Height = Describe(declaration.Head, "height"),
            HeadTime = declaration.Head.Has("time") ? Describe(declaration.Head, "time") : declaration.Time is { } time ? $"{Describe(time, "time")}, at the head's height" : null,
            Syncing = declaration.Syncing is { } syncing ? $"{Describe(syncing, "syncing")}, advisory" : null,
            Hash = declaration.Hash is { } hash ? Describe(hash, "hash") : null,
            Capabilities = declaration.Archive is { } archive
                ? new Dictionary<string, string> { ["archive"] = $"{Describe(archive, "found")}, at block 1 and in the middle of the history" }
                : new Dictionary<string, string>(),
            Calls = new QuestionCalls
            {
                Head = declaration.Time is null ? 1 : 2,
                Syncing = declaration.Syncing is null ? 0 : 1,
                Hash = declaration.Hash is null ? 0 : 1,
                Capabilities = declaration.Archive is null ? new Dictionary<string, int>() : new Dictionary<string, int> { ["archive"] = 2 },
            },
        };
    }

    public string Name { get; }

    public ProtocolFacts Facts { get; }

    /// <summary>One of the declarations that ship with the product, by the name of its family.</summary>
    public static DeclaredProtocol Shipped(string name)
    {
        using var resource = typeof(DeclaredProtocol).Assembly.GetManifestResourceStream($"AltruistManager.Chains.Protocols.Definitions.{name}.json")!;
        using var json = JsonDocument.Parse(resource);
        return new DeclaredProtocol(name, ProbeDeclaration.Read(json.RootElement, (field, wrong) => throw new InvalidDataException($"{name}.json: {field} {wrong}"))!);
    }

    public NodeReply<string> ReadIdentity(string given) => declaration.IdentityFormat == DeclaredIdentity.Text
        ? Names.Read(given, "must be what the nodes prove, such as a genesis hash or network name")
        : Scalars.WholeNumber(given) is { } number ? NodeReply<string>.Of(number) : NodeReply<string>.Invalid("must be a number, as the nodes prove one");

    public async Task<NodeReply<NodeHead>> AskHeadAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(declaration.Head.Template, cancellation) is not { } answer)
            return NodeReply<NodeHead>.None;
        if (Scalars.Number(declaration.Head.Find(answer, "height")) is not { } height)
            return NodeReply<NodeHead>.Invalid($"there is no height at {declaration.Head.Places["height"]}");
        var time = declaration.Head.Find(answer, "time");
        if (declaration.Time is { } later)
            time = await node.AskAsync(later.At(height), cancellation) is { } dated ? later.Find(dated, "time") : null;
        return NodeReply<NodeHead>.Of(new NodeHead(height, TimeOf(time), HashOf(declaration.Head.Find(answer, "hash"))));
    }

    public async Task<NodeReply<string>> AskIdentityAsync(INodeClient node, CancellationToken cancellation)
    {
        if (await node.AskAsync(declaration.Identity.Template, cancellation) is not { } answer)
            return NodeReply<string>.None;
        var text = declaration.Identity.Find(answer, "identity");
        var identity = declaration.IdentityFormat switch
        {
            DeclaredIdentity.Number => Scalars.WholeNumber(text),
            DeclaredIdentity.LastFourBytes => HashOf(text)?.Replace("0x", "", StringComparison.Ordinal) is { Length: >= 8 } hash && hash.All(char.IsAsciiHexDigit) ? Scalars.WholeNumber($"0x{hash[^8..]}") : null,
            _ => text,
        };
        return Names.Proven(identity, $"there is no identity at {declaration.Identity.Places["identity"]}");
    }

    public async Task<NodeReply<bool?>> AskSyncingAsync(INodeClient node, CancellationToken cancellation)
    {
        if (declaration.Syncing is not { } syncing)
            return NodeReply<bool?>.Of(null);
        if (await node.AskAsync(syncing.Template, cancellation) is not { } answer)
            return NodeReply<bool?>.None;
        // Some tell how long they have been catching up, and 0 when they are not.
        var text = syncing.Find(answer, "syncing");
        return NodeReply<bool?>.Of(Names.Flag(text) ?? (Scalars.Number(text) is { } number ? number > 0 : null));
    }

    public async Task<NodeReply<string?>> AskHashAsync(INodeClient node, long height, CancellationToken cancellation)
    {
        if (declaration.Hash is not { } ask)
            return NodeReply<string?>.Of(null);
        if (await node.AskAsync(ask.At(height), cancellation) is not { } answer)
            return node.TellsNoHash();
        if (ask.Has("height") && ask.Find(answer, "height") is { } told && Scalars.Number(told) != height)
            return NodeReply<string?>.Invalid($"the block at {height} is not the one that was asked for");
        return NodeReply<string?>.Of(HashOf(ask.Find(answer, "hash")));
    }

    public async Task<NodeReply<bool>> AskCapabilityAsync(INodeClient node, string capability, NodeHead head, CancellationToken cancellation)
    {
        if (capability != "archive" || declaration.Archive is not { } archive)
            return NodeReply<bool>.Invalid($"{capability} cannot be proven for this protocol");
        foreach (var height in ProofHeights.Between(1, head.Height))
        {
            if (await node.AskAsync(archive.At(height), cancellation) is not { } answer)
                return node.Refuses($"does not have block {height}");
            if (string.IsNullOrEmpty(archive.Find(answer, "found")))
                return NodeReply<bool>.Invalid($"does not have block {height}");
        }

        return NodeReply<bool>.Of(true);
    }

    private DateTimeOffset? TimeOf(string? text) => declaration.TimeFormat switch
    {
        DeclaredTime.UnixMilliseconds => Scalars.Milliseconds(Scalars.Number(text)),
        DeclaredTime.Rfc3339 => Scalars.Rfc3339(text),
        _ => Scalars.Seconds(Scalars.Number(text)),
    };

    /// <summary>Hexadecimal in lower case; the digits of other notations have a case.</summary>
    private static string? HashOf(string? text) => text switch
    {
        _ when !Names.IsName(text) => null,
        _ when text!.StartsWith("0x", StringComparison.OrdinalIgnoreCase) || text.All(char.IsAsciiHexDigit) => text.ToLowerInvariant(),
        _ => text,
    };

    private static string Describe(ProbeDeclaration.Ask ask, string value)
    {
        var question = ask.Template;
        var asked = question.Body is null or "[]" or "{}" ? question.Name : $"{question.Name} {question.Body}";
        return ask.Places[value] == ProbeDeclaration.Whole ? asked : $"{ask.Places[value]} ({asked})";
    }
}
