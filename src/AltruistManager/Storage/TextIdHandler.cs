using System.Data;
using Dapper;

namespace AltruistManager.Storage;

/// <summary>Lets Dapper read and bind an id type that is text in the database.</summary>
public sealed class TextIdHandler<T>(Func<string, T> parse, Func<T, string> format) : SqlMapper.TypeHandler<T>
{
    public override T Parse(object value) => parse((string)value);

    public override void SetValue(IDbDataParameter parameter, T? value)
    {
        parameter.DbType = DbType.String;
        parameter.Value = value is null ? DBNull.Value : format(value);
    }
}
