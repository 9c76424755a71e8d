using AltruistManager.Altruists;

namespace AltruistManager.Web.Ui.Pages.My;

/// <summary>Credentials as they are typed in. What is stored is never shown again.</summary>
public sealed class AuthForm
{
    /// <summary>By type: what it is called, the field of its name, and that of its secret.</summary>
    public static readonly IReadOnlyList<(string Type, string Title, string? Name, string NameTitle, string? Secret, string SecretTitle)> Types =
    [
        ("none", "None", null, "", null, ""),
        ("bearer", "A bearer token", null, "", "token", "Token"),
        ("basic", "User name and password", "username", "User name", "password", "Password"),
        ("header", "A header", "name", "Name of the header", "value", "Its value"),
        ("query", "A query parameter", "name", "Name of the parameter", "value", "Its value"),
    ];

    public string Type { get; set; } = "none";

    public string Name { get; set; } = "";

    public string Secret { get; set; } = "";

    public AuthDraft ToDraft()
    {
        var (_, _, name, _, secret, _) = Types.First(type => type.Type == Type);
        var fields = new Dictionary<string, string>();
        if (name is not null)
            fields.Add(name, Name);
        if (secret is not null)
            fields.Add(secret, Secret);
        return new AuthDraft(Type, fields);
    }
}
