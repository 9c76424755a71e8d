namespace AltruistManager.Chains.Protocols;

/// <summary>Reads names and flags.</summary>
internal static class Names
{
    private const int Longest = 200;

    /// <summary>An identity that is a mere text.</summary>
    public static NodeReply<string> Read(string given, string wrong) =>
        given.Length is > 0 and <= Longest && !given.Any(character => char.IsControl(character) || char.IsWhiteSpace(character))
            ? NodeReply<string>.Of(given)
            : NodeReply<string>.Invalid($"{wrong}, without spaces ({Longest} characters at most)");

    /// <summary>Null for anything but a boolean.</summary>
    public static bool? Flag(string? text) => text switch
    {
        "true" => true,
        "false" => false,
        _ => null,
    };
}
