using System.Buffers;

namespace AltruistManager.Chains.Protocols;

/// <summary>Reads names and flags.</summary>
internal static class Names
{
    private const int Longest = 128;

    /// <summary>Of chain ids, network names, and hashes in every notation.</summary>
    private static readonly SearchValues<char> Characters = SearchValues.Create("0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz._:/+=-");

    /// <summary>An identity that is a mere text, as people give it.</summary>
    public static NodeReply<string> Read(string given, string wrong) =>
        IsName(given) ? NodeReply<string>.Of(given) : NodeReply<string>.Invalid($"{wrong}, of letters, digits and ._:/+=- ({Longest} characters at most)");

    /// <summary>The same as a stranger proves it: whatever else a node sends is no identity, and is repeated nowhere.</summary>
    public static NodeReply<string> Proven(string? told, string wrong) => IsName(told) ? NodeReply<string>.Of(told!) : NodeReply<string>.Invalid(wrong);

    /// <summary>Short and plain, as identities and hashes are.</summary>
    public static bool IsName(string? text) => text is { Length: > 0 and <= Longest } && !text.AsSpan().ContainsAnyExcept(Characters);

    /// <summary>Null for anything but a boolean.</summary>
    public static bool? Flag(string? text) => text switch
    {
        "true" => true,
        "false" => false,
        _ => null,
    };
}
