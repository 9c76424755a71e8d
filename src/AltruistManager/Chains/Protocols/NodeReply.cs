using System.Diagnostics.CodeAnalysis;

namespace AltruistManager.Chains.Protocols;

/// <summary>What a protocol made of a node's answer: the value, or what was wrong with it, or nothing because no answer came.</summary>
[SuppressMessage("Design", "CA1000:Do not declare static members on generic types", Justification = "They are its constructors.")]
public readonly record struct NodeReply<T>
{
    private NodeReply(bool isKnown, T? value, string? wrong)
    {
        IsKnown = isKnown;
        Value = value;
        Wrong = wrong;
    }

    /// <summary>No answer came.</summary>
    public static NodeReply<T> None => default;

    /// <summary>True when <see cref="Value"/> is what the node told.</summary>
    public bool IsKnown { get; }

    public T? Value { get; }

    /// <summary>Set when there was an answer, but not to this question.</summary>
    public string? Wrong { get; }

    public static NodeReply<T> Of(T value) => new(true, value, null);

    public static NodeReply<T> Invalid(string wrong) => new(false, default, wrong);
}

/// <param name="Time">Null where blocks carry none.</param>
/// <param name="Hash">As blocks of the protocol are compared: hexadecimal in lower case, base 58 as it is; null where the head is told without it.</param>
public readonly record struct NodeHead(long Height, DateTimeOffset? Time, string? Hash);
