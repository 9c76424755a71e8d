namespace AltruistManager.Altruists;

public enum AuthKind
{
    None,

    /// <summary>Name and secret are user name and password.</summary>
    Basic,

    /// <summary>The secret is the token.</summary>
    Bearer,

    /// <summary>A header of that name.</summary>
    Header,

    /// <summary>A query parameter of that name; never part of the stored or published URL.</summary>
    Query,
}

/// <summary>Credentials of an endpoint. Never printed: the text form says only of which kind they are.</summary>
public sealed record EndpointAuth(AuthKind Kind, string Name, string Secret)
{
    public static readonly EndpointAuth None = new(AuthKind.None, "", "");

    public override string ToString() => Kind.ToString().ToLowerInvariant();
}
