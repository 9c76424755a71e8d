using System.Diagnostics.CodeAnalysis;

namespace AltruistManager.Chains.Protocols;

/// <summary>What a protocol made of a node's answer: the value, or what was wrong with it, or why it settles nothing, or nothing because no answer came.</summary>
[SuppressMessage("Design", "CA1000:Do not declare static members on generic types", Justification = "They are its constructors.")]
public readonly record struct NodeReply<T>
{
    private readonly bool isUnsettled;
    private readonly string? words;

    private NodeReply(bool isKnown, T? value, string? words, bool isUnsettled = false)
    {
        IsKnown = isKnown;
        Value = value;
        this.words = words;
        this.isUnsettled = isUnsettled;
    }

    /// <summary>No answer came.</summary>
    public static NodeReply<T> None => default;

    /// <summary>True when <see cref="Value"/> is what the node told.</summary>
    public bool IsKnown { get; }

    public T? Value { get; }

    /// <summary>Set when there was an answer, but not to this question.</summary>
    public string? Wrong => isUnsettled ? null : words;

    /// <summary>Set when all was answered and nothing follows from it: why not.</summary>
    public string? Unsettled => isUnsettled ? words : null;

    public static NodeReply<T> Of(T value) => new(true, value, null);

    public static NodeReply<T> Invalid(string wrong) => new(false, default, wrong);

    public static NodeReply<T> Open(string why) => new(false, default, why, isUnsettled: true);
}

/// <param name="Time">Null where blocks carry none.</param>
/// <param name="Hash">As blocks of the protocol are compared: hexadecimal in lower case, base 58 as it is; null where the head is told without it.</param>
public readonly record struct NodeHead(long Height, DateTimeOffset? Time, string? Hash);
